/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench run: what comes to light behind a test's last step, and what one test leaves to the next. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "scenario_run.h"
#include "tap.h"

/* Each tenth of a second. */
#define POLL_US 100000

/* ---- Programs in the background that nobody waits for ---- */

static const struct {
    const char *program;
    const char *behind; /* another step */
    int status;
    const char *says;
} forgotten[] = {
    {"no-such-program", "", VMB_ERROR_PROGRAM_MISSING, "program-missing: "},
    {"sh -c 'echo $$ > /tmp/pid; exit 9'",
     "[step until it has ended]\nrun = sh -c 'until [ -s /tmp/pid ]; do :; done; "
     "while kill -0 $(cat /tmp/pid); do :; done'\n",
     VMB_ERROR_PROGRAM_FAILED, "guest-exit: sh "},
};

START_TEST(a_forgotten_program_is_judged)
{
    g_autofree char *failure = NULL;
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n[step forgotten]\nrun = %s\nbackground = yes\n%s",
        forgotten[_i].program, forgotten[_i].behind);

    write_scenario("a", text);
    ck_assert_int_eq(run(NULL, NULL), forgotten[_i].status);
    assert_says(child.out, forgotten[_i].says);
    assert_says(child.out, "step forgotten, ");
    failure = read_kept("a-x86", "failure.txt");
    assert_says(failure, "\nstep: forgotten\n");
}
END_TEST

/* It would be looked at only if it happened to end before the test. */
START_TEST(an_expectation_that_is_not_looked_at_is_refused)
{
    write_scenario("a", "[scenario]\nmachines = x86\n"
                   "[step bg]\nrun = sh -c 'echo wrong; sleep 1; exit 9'\nbackground = yes\n"
                   "stdout-text = right\\n\n[step s]\nrun = true\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_SETUP);
    assert_says(child.err, "a/scenario.ini:6: nobody waits for the program's end, so that this is not "
                           "looked at: add a step with `wait = bg`\n");
}
END_TEST

/* ---- The guest ---- */

/* It takes its time to stop; meanwhile the kernel begins to tell of an oops. */
START_TEST(an_oops_behind_the_last_step_is_this_tests)
{
    g_autofree char *body = g_strdup_printf(
        "trap 'kill $!; sleep 0.7; exit 0' TERM; %s $1 & wait; wait", g_getenv("OUTSIDE"));
    g_autofree char *script = child_script(&child, "handler", body);
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n[handler slow]\ncommand = %s\n"
        "[step start]\nstart = slow\n"
        "[step a]\nrun = sh -c '(sleep 0.25; echo \"<0>BUG: unable to handle page fault for address: "
        "0000\" > /dev/kmsg) &'\n", script);

    write_scenario("a", text);
    write_scenario("b", RUN("true"));
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_OOPS);
    assert_says(child.out, "FAIL  a:x86");
    assert_says(child.out, "step behind the last\n");
    assert_says(child.out, "ok    b:x86");
}
END_TEST

/* What it has done to the agent is not the next test's fault. */
START_TEST(a_test_that_stops_the_agent_fails)
{
    g_autofree char *lines = child_path(&child, "tests/a/lines");

    write_scenario("a", "[scenario]\nmachines = x86\n" HANDLER
                   "[step start]\nstart = outside\n"
                   "[step stop]\nbackground = yes\n"
                   "run = sh -c 'kill -STOP $PPID; vmmio-io write 0xfef00000 1 00'\n"
                   "[step outside]\noutput = outside\nstdout-lines = lines\n");
    ck_assert(g_file_set_contents(lines, "write{{.*}}\n", -1, NULL));
    write_scenario("b", RUN("true"));
    ck_assert_int_eq(run("--timeout-scale", "0.3"), VMB_ERROR_KERNEL_HANG);
    assert_says(child.out, "FAIL  a:x86");
    assert_says(child.out, "kernel-hang: the guest kernel hangs: its agent has not answered");
    assert_says(child.out, "ok    b:x86");
}
END_TEST

/* ---- What is left to the next test ---- */

/* What a step has started is there for the other steps, and for no other test. */
START_TEST(nothing_that_a_test_has_started_outlives_it)
{
    write_scenario("a", "[scenario]\nmachines = x86\n"
                   "[step start]\nrun = sh -c 'sleep 4711 & setsid sleep 4712 & (sleep 4713 &)'\n"
                   "[step all are there]\nrun = sh -c 'ps | grep -c \"[s]leep 471\"'\n"
                   "stdout-text = 3\\n\n");
    write_scenario("b", "[scenario]\nmachines = x86\n"
                   "[step none is there]\nrun = sh -c 'ps | grep \"[s]leep 471\"'\nexit = 1\n");
    ck_assert_int_eq(run(NULL, NULL), 0);
    assert_says(child.out, "2 passed, 0 failed");
    ck_assert_ptr_null(strstr(strstr(child.out, "ok    b:x86"), "restored"));
}
END_TEST

/* The directory of the test, as long as it runs: a test that has passed leaves none. */
static gboolean has_directory(const char *test)
{
    g_autofree char *logs = child_path(&child, "logs");
    g_autoptr(GDir) dir = g_dir_open(logs, 0, NULL);
    const char *name = dir != NULL ? g_dir_read_name(dir) : NULL;
    g_autofree char *path = name != NULL ? g_build_filename(logs, name, test, NULL) : NULL;

    return path != NULL && g_file_test(path, G_FILE_TEST_IS_DIR);
}

static void await_directory(const char *test, gboolean there)
{
    for (guint i = 0; has_directory(test) != there; i++) {
        ck_assert_uint_lt(i, PATIENCE_SECONDS * G_USEC_PER_SEC / POLL_US);
        g_usleep(POLL_US);
    }
}

/* The worker's library reaps it at once, whatever the worker itself does. */
static void await_end(pid_t pid)
{
    for (guint i = 0; kill(pid, 0) == 0; i++) {
        ck_assert_uint_lt(i, PATIENCE_SECONDS * G_USEC_PER_SEC / POLL_US);
        g_usleep(POLL_US);
    }
}

/* Kill the guest of a:x86 behind its end: while its parent stands still the worker has no other test. */
static void lose_guest_of_a(const char *option, const char *value)
{
    g_autofree char *tests = child_path(&child, "tests");
    const char *args[] = {"run", "--accel", "tcg", "--dir", tests, option, value, NULL};
    pid_t qemu;
    int status;

    child_start(&child, FALSE, args);
    await_directory("a-x86", TRUE);
    qemu = child_find(&child, "qemu-system-x86_64");
    kill(child.pid, SIGSTOP);
    await_directory("a-x86", FALSE);
    kill(qemu, SIGKILL);
    await_end(qemu);
    kill(child.pid, SIGCONT);
    status = child_wait(&child);
    ck_assert_msg(status == 0, "%d\n%s\n%s", status, child.out, child.err);
}

/* Whether the next test wants the same guest or another one. */
START_TEST(a_death_between_tests_is_told)
{
    static const char *const others[] = {RUN("true"), "[scenario]\nnetwork = yes\nmachines = x86\n"
                                                      "[step the one]\nrun = true\n"};

    write_scenario("a", RUN("sleep 1"));
    write_scenario("b", others[_i]);
    lose_guest_of_a("-j", "1");
    assert_says(child.out, "2 passed, 0 failed");
    assert_says(strstr(child.out, "ok    b:x86"),
                "note: the guest of the tests before was lost behind them: QEMU ended with signal 9");
}
END_TEST

/* In the report that is written at the end too. */
START_TEST(a_death_behind_the_last_test_is_told)
{
    g_autofree char *junit = child_path(&child, "junit.xml");
    g_autofree char *text = NULL;

    write_scenario("a", RUN("sleep 1"));
    lose_guest_of_a("--junit", junit);
    assert_says(child.out, "1 passed, 0 failed");
    assert_says(child.out, "note: a:x86: the guest was lost behind this test: QEMU ended with signal 9");
    ck_assert(g_file_get_contents(junit, &text, NULL, NULL));
    assert_says(text, "<system-out>note: the guest was lost behind this test: QEMU ended with signal 9");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ending");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 4 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(all, scenario_setup, scenario_teardown);
    tcase_add_loop_test(all, a_forgotten_program_is_judged, 0, G_N_ELEMENTS(forgotten));
    tcase_add_test(all, an_expectation_that_is_not_looked_at_is_refused);
    tcase_add_test(all, an_oops_behind_the_last_step_is_this_tests);
    tcase_add_test(all, a_test_that_stops_the_agent_fails);
    tcase_add_test(all, nothing_that_a_test_has_started_outlives_it);
    tcase_add_loop_test(all, a_death_between_tests_is_told, 0, 2);
    tcase_add_test(all, a_death_behind_the_last_test_is_told);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
