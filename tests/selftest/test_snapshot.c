/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests from snapshots are as right as those that were booted. */
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "snapshot_run.h"

static const char *const machines[] = {"raspi4b", "x86"};

static void assert_clock_is_right(const Run *run)
{
    time_t before = time(NULL);
    g_autofree char *text = run_shell(run, "date +%s");
    gint64 guest = g_ascii_strtoll(text, NULL, 10);

    ck_assert_int_ge(guest, before - 2);
    ck_assert_int_le(guest, time(NULL) + 2);
}

START_TEST(a_restored_guest_is_the_same)
{
    g_autofree char *own = g_build_filename(run_root, "same", machines[_i], NULL);
    g_autofree char *first_random = NULL;
    Run run;

    run_start(&run, machines[_i], own);
    run_assert_saved(&run);
    ck_assert_ptr_null(run.report.why_booted);
    run_assert_device_works(&run);
    run_end(&run);
    for (int i = 0; i < 2; i++) {
        g_autofree char *random = NULL;

        run_start(&run, machines[_i], own);
        run_assert_restored(&run);
        assert_clock_is_right(&run);
        run_assert_device_works(&run);
        random = run_shell(&run, "od -An -tx1 -N16 /dev/urandom");
        ck_assert_str_ne(random, first_random != NULL ? first_random : "");
        first_random = g_steal_pointer(&random);
        run_end(&run);
    }
}
END_TEST

START_TEST(a_restored_guest_is_nobody_elses)
{
    Run run[2];

    run_start(&run[0], "x86", run_cache);
    run_end(&run[0]);
    run_start(&run[0], "x86", run_cache);
    run_start(&run[1], "x86", run_cache);
    run_assert_restored(&run[0]);
    run_assert_restored(&run[1]);
    for (int i = 0; i < 2; i++) {
        g_autofree char *script = g_strdup_printf("echo %d > /tmp/mine", i);

        g_free(run_shell(&run[i], script));
    }
    for (int i = 0; i < 2; i++) {
        g_autofree char *mine = run_shell(&run[i], "cat /tmp/mine");
        g_autofree char *expected = g_strdup_printf("%d\n", i);

        ck_assert_str_eq(mine, expected);
        run_assert_device_works(&run[i]);
    }
    run_end(&run[0]);
    run_end(&run[1]);
    run_start(&run[0], "x86", run_cache);
    run_assert_restored(&run[0]);
    g_free(run_shell(&run[0], "[ ! -e /tmp/mine ]"));
    run_end(&run[0]);
}
END_TEST

START_TEST(two_first_runs_at_a_time)
{
    g_autofree char *own = g_build_filename(run_root, "two", NULL);
    pid_t child = fork();
    Run run;
    int status;

    ck_assert_int_ge(child, 0);
    run_start(&run, "x86", own);
    ck_assert(run.report.restored || run.report.saved);
    run_assert_device_works(&run);
    run_end(&run);
    if (child == 0) {
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    run_start(&run, "x86", own);
    run_assert_restored(&run);
    run_end(&run);
}
END_TEST

START_TEST(a_restored_guest_can_be_reset)
{
    g_autofree char *path = run_snapshot_file(machines[_i], "ram");
    g_autoptr(GError) error = NULL;
    Run run;

    run_prepare(&run, machines[_i]);
    run.config->can_reset = TRUE;
    run_boot(&run, run_cache);
    run_assert_restored(&run);
    g_free(run_shell(&run, "touch /before"));
    ck_assert_msg(vmb_guest_reset(run.guest, RUN_MS, &error), "%s",
                  error != NULL ? error->message : "");
    g_free(run_shell(&run, "test ! -e /before"));
    run_assert_device_works(&run);
    run_end(&run);
}
END_TEST

static Suite *snapshot_suite(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *cases = tcase_create("snapshot");

    tcase_set_timeout(cases, TEST_SECONDS);
    tcase_add_loop_test(cases, a_restored_guest_is_the_same, 0, G_N_ELEMENTS(machines));
    tcase_add_test(cases, a_restored_guest_is_nobody_elses);
    tcase_add_test(cases, two_first_runs_at_a_time);
    tcase_add_loop_test(cases, a_restored_guest_can_be_reset, 0, G_N_ELEMENTS(machines));
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return run_suite(snapshot_suite());
}
