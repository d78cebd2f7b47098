/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench run: handlers that die, print or leave behind what they must not. */
#include <signal.h>
#include <string.h>

#include "error.h"
#include "scenario_run.h"
#include "tap.h"

/* A scenario whose handler is this script, which claims nothing, and these steps behind its start. */
static void write_handler(const char *name, const char *script, const char *steps)
{
    g_autofree char *file = g_strconcat(name, ".sh", NULL);
    g_autofree char *path = child_script(&child, file, script);
    g_autofree char *text = g_strdup_printf("[scenario]\nmachines = x86\n[handler h]\ncommand = %s\n"
                                            "[step start]\nstart = h\nclaim = no\n%s", path, steps);

    write_scenario(name, text);
}

START_TEST(a_death_is_told_however_late)
{
    static const char *const scripts[] = {"trap '' TERM; echo x; kill -SEGV $$",
                                          "trap 'kill -SEGV $$' TERM; echo x; read -r word; sleep 600"};

    write_handler("late", scripts[_i], "[step look]\noutput = h\nstdout-text = x\\n\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_HANDLER_DIED);
    assert_says(child.out, "signal 11 ");
}
END_TEST

/* A second is enough for what comes behind 0.3 s; nothing depends on it but that the test can fail. */
static const struct {
    const char *script;
    const char *steps;
} late_words[] = {
    {"echo one; sleep 0.3; echo WRONG; exec sleep 600", ""},
    {"echo one; sleep 0.3; echo WRONG; exec sleep 600", "[step end]\nkill = h\n"},
    {"trap 'echo WRONG; exit 0' TERM; echo one; while :; do sleep 0.01; done",
     "[step end]\nrestart = h\nclaim = no\n"},
    {"trap 'echo WRONG; exit 0' TERM; echo one; while :; do sleep 0.01; done", ""},
};

START_TEST(what_is_printed_behind_the_last_look_counts)
{
    g_autofree char *steps = g_strconcat("[step look]\noutput = h\nstdout-text = one\\n\n"
                                         "[step later]\nrun = sleep 1\n", late_words[_i].steps, NULL);

    write_handler("late", late_words[_i].script, steps);
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_MISMATCH);
    assert_says(child.out, "whole output of the handler h: line 2: ");
    assert_says(child.out, "WRONG");
}
END_TEST

START_TEST(a_last_line_without_end_is_waited_for)
{
    write_handler("hello", "printf 'tick\\none\\nhel'; sleep 0.3; printf lo; exec sleep 600",
                  "[step look]\noutput = h\nstdout-text = one\\nhello\n");
    ck_assert_int_eq(run(NULL, NULL), 0);
}
END_TEST

/* The pattern describes it, and has no end either. */
START_TEST(a_last_line_that_follows_a_pattern_is_waited_for)
{
    g_autofree char *patterns = child_path(&child, "patterns");
    g_autofree char *steps = g_strdup_printf("[step look]\noutput = h\nstdout-lines = %s\n", patterns);

    ck_assert(g_file_set_contents(patterns, "one\n{{h[a-z]+o}}", -1, NULL));
    write_handler("hello", "printf 'tick\\none\\nhel'; sleep 0.3; printf lo; exec sleep 600", steps);
    ck_assert_int_eq(run(NULL, NULL), 0);
}
END_TEST

/* It may explain what is wrong; the last lines do. */
START_TEST(the_last_words_of_a_handler_are_told_with_a_failure)
{
    write_handler("low", "echo first >&2; seq 2 11 >&2; echo printed; exec sleep 600",
                  "[step said]\noutput = h\nstdout-text = printed\\n\n"
                  "[step look]\nrun = echo Hallo\nstdout-text = Hello\\n\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_MISMATCH);
    assert_says(child.out, "|Hallo.|\n      handler h:\n      2\n");
    assert_says(child.out, "\n      10\n      11\n");
    ck_assert_ptr_null(strstr(child.out, "first"));
    ck_assert_ptr_null(strstr(child.out, "printed"));
}
END_TEST

/* They are why there is no claim, and so they are not told once more behind that. */
START_TEST(the_words_of_a_handler_without_a_claim_are_told_once)
{
    g_autofree char *script = child_script(&child, "h.sh", "echo no luck >&2; exec sleep 600");
    g_autofree char *text = g_strdup_printf("[scenario]\nmachines = x86\n[handler h]\ncommand = %s\n"
                                            "[step start]\nstart = h\ntimeout = 1\n", script);
    const char *first;

    write_scenario("luckless", text);
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_NO_CLAIM);
    assert_says(child.out, "      handler h:\n      no luck\n");
    first = strstr(child.out, "handler h:\n");
    ck_assert_msg(strstr(first + 1, "handler h:\n") == NULL, "%s", child.out);
}
END_TEST

/* What has left the handler's process group; the second one's mark is lost, and so is a test's. */
static const char *const leavers[] = {
    "setsid sleep 600 & echo $! >pid; exec sleep 601",
    "env -i setsid sleep 600 & echo $! >pid; exec sleep 601",
    "(setsid sh -c 'sleep 600 & echo $! >pid; wait' &); exec sleep 601",
};

/* Its number, which the handler has written into its directory, belongs to nobody any more. */
static void assert_gone(const char *test)
{
    g_autofree char *path = g_build_filename(child.dir, "tests", test, "pid", NULL);
    g_autofree char *text = NULL;

    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    ck_assert_int_eq(kill((pid_t)g_ascii_strtoll(text, NULL, 10), 0), -1);
}

START_TEST(what_a_handler_starts_ends_with_the_run)
{
    write_handler("leaver", leavers[_i],
                  "[step wait]\nrun = sleep 0.5\n[step stop]\nstop = h\n");
    ck_assert_int_eq(run(NULL, NULL), 0);
    assert_gone("leaver");
}
END_TEST

/* The only child of a run that goes on with one test. */
static pid_t worker_of(pid_t run_pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", (int)run_pid, (int)run_pid);
    g_autofree char *text = NULL;

    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    ck_assert_int_gt(g_ascii_strtoll(text, NULL, 10), 1);
    return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

/* Nothing is beside it, such as the directory of a guest. */
static void assert_alone(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);

    ck_assert_ptr_nonnull(g_dir_read_name(dir));
    ck_assert_ptr_null(g_dir_read_name(dir));
}

START_TEST(what_a_killed_worker_had_ends)
{
    g_autofree char *tests = child_path(&child, "tests");
    const char *args[] = {"run", "--accel", "tcg", "--keep-on-fail", "--dir", tests, NULL};
    g_autofree char *kept = NULL;
    g_autofree char *bundle = NULL;
    g_autofree char *pid = g_build_filename("tests", "leaver", "pid", NULL);

    write_handler("leaver", leavers[_i], "[step wait]\nrun = sleep 600\n");
    child_start(&child, FALSE, args);
    child_await_text(&child, pid, "\n");
    kill(worker_of(child.pid), SIGKILL);
    ck_assert_int_eq(child_wait(&child), VMB_ERROR_SETUP);
    assert_says(child.out, "ended with signal 9 (Killed) while it ran this");
    assert_gone("leaver");
    kept = read_kept("leaver-x86", "streams.log");
    bundle = bundle_of("leaver-x86");
    assert_says(child.out, bundle);
    assert_alone(bundle);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("handlers");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 4 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(all, scenario_setup, scenario_teardown);
    tcase_add_loop_test(all, a_death_is_told_however_late, 0, 2);
    tcase_add_loop_test(all, what_is_printed_behind_the_last_look_counts, 0,
                        G_N_ELEMENTS(late_words));
    tcase_add_test(all, a_last_line_without_end_is_waited_for);
    tcase_add_test(all, a_last_line_that_follows_a_pattern_is_waited_for);
    tcase_add_test(all, the_last_words_of_a_handler_are_told_with_a_failure);
    tcase_add_test(all, the_words_of_a_handler_without_a_claim_are_told_once);
    tcase_add_loop_test(all, what_a_handler_starts_ends_with_the_run, 0, G_N_ELEMENTS(leavers));
    tcase_add_loop_test(all, what_a_killed_worker_had_ends, 0, G_N_ELEMENTS(leavers));
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
