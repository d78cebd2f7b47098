/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench ended from outside: whatever the signal and the moment, nothing of it is left. */
#include <signal.h>
#include <string.h>

#include "tap.h"
#include "vmbench_child.h"

static Child child;
static char *handler;

static void setup(void)
{
    child_init(&child);
    handler = child_script(&child, "handler", "exec sleep 600");
}

static void teardown(void)
{
    child_finish(&child); /* asserts that QEMU and the handler are gone */
    g_free(handler);
}

static void start_demo(void)
{
    /* With the timeouts far away, only the signal can end it. */
    const char *args[] = {"demo", "--machine", "all", "--accel", "tcg", "--handler", handler,
                          "--timeout-scale", "100", NULL};

    child_start(&child, FALSE, args);
}

static void await_boot(void)
{
    child_find(&child, "qemu-system-aarch64");
}

/* QEMU and the handler run, and vmbench polls for a claim that never comes. */
static void await_handler(void)
{
    child_find(&child, "sleep");
}

static void (*const moments[])(void) = {await_boot, await_handler};

static const struct {
    int number;
    const char *says;
} polite[] = {
    {SIGINT, "interrupted by signal 2 (Interrupt)"},
    {SIGTERM, "interrupted by signal 15 (Terminated)"},
    {SIGHUP, "interrupted by signal 1 (Hangup)"},
};

/* _i counts through signals and moments. */
START_TEST(a_polite_signal_ends_it_cleanly)
{
    int number = polite[_i / 2].number;

    start_demo();
    moments[_i % 2]();
    kill(child.pid, number);
    ck_assert_int_eq(child_wait(&child), 128 + number);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, polite[_i / 2].says) != NULL, "%s", child.err);
    ck_assert_ptr_null(strstr(child.out, "x86"));
}
END_TEST

START_TEST(a_killed_vmbench_takes_all_with_it)
{
    start_demo();
    moments[_i]();
    kill(child.pid, SIGKILL);
    ck_assert_int_eq(child_wait(&child), -SIGKILL);
}
END_TEST

START_TEST(a_crashed_vmbench_takes_all_with_it)
{
    start_demo();
    moments[_i]();
    kill(child.pid, SIGSEGV);
    /* A sanitizer reports the signal itself and exits with a status of its own. */
    ck_assert_int_ne(child_wait(&child), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interrupt");
    TCase *cases = tcase_create("interrupt");

    tcase_set_timeout(cases, 2 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, a_polite_signal_ends_it_cleanly, 0, 6);
    tcase_add_loop_test(cases, a_killed_vmbench_takes_all_with_it, 0, 2);
    tcase_add_loop_test(cases, a_crashed_vmbench_takes_all_with_it, 0, 2);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
