/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench run: scenarios that pass, and such that fail in each way, with what is told and kept of them. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "scenario_run.h"
#include "tap.h"

START_TEST(what_passes_leaves_nothing)
{
    g_autofree char *logs = child_path(&child, "logs");
    g_autoptr(GDir) dir = NULL;

    write_scenario("hello", RUN("hello") "stdout-text = Hello, World!\\n\n");
    write_scenario("deep/er", RUN("true"));
    ck_assert_int_eq(run(NULL, NULL), 0);
    assert_says(child.out, "ok    deep/er:x86");
    assert_says(child.out, "ok    hello:x86");
    assert_says(child.out, "2 passed, 0 failed, 0 flaky, 0 skipped");
    ck_assert_str_eq(child.err, "");
    dir = g_dir_open(logs, 0, NULL);
    ck_assert_ptr_null(g_dir_read_name(dir));
}
END_TEST

START_TEST(a_wrong_byte_is_shown)
{
    g_autofree char *rerun = NULL;
    g_autofree char *bundle = NULL;

    write_scenario("wrong", RUN("echo Hallo") "stdout-text = Hello\\n\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_MISMATCH);
    assert_says(child.out, "FAIL  wrong:x86");
    assert_says(child.out, "mismatch: stdout of echo: line 1: expected `Hello`, got `Hallo`");
    assert_says(child.out, "wrong/scenario.ini:7\n");
    assert_says(child.out, "- 00000000  48 65 6c 6c 6f 0a ");
    assert_says(child.out, "+ 00000000  48 61 6c 6c 6f 0a ");
    bundle = bundle_of("wrong-x86");
    rerun = g_build_filename(bundle, "rerun.sh", NULL);
    ck_assert_int_eq(g_access(rerun, X_OK), 0);
}
END_TEST

/* However slow the host is said to be: what is no timeout is not scaled, nor does it outlast our patience. */
START_TEST(a_failure_is_told_at_once)
{
    write_scenario("wrong", RUN("echo Hallo") "stdout-text = Hello\\n\n");
    ck_assert_int_eq(run("--timeout-scale", "1000"), VMB_ERROR_MISMATCH);
}
END_TEST

START_TEST(what_is_kept_tells_the_story)
{
    static const char *const names[] = {"console.log", "qemu.log", "registers.txt",
                                        "versions.txt", "failure.txt", "rerun.sh",
                                        "handler-outside.log"};
    g_autofree char *accesses = NULL;
    g_autofree char *output = NULL;
    g_autofree char *streams = NULL;

    write_scenario("story", RUN("vmmio-io read 0xfef00010 2")
                   "[step claim]\nstart = outside\n"
                   "[step accesses]\nrun = sh -c 'vmmio-io write 0xfef00000 4 11 22 33 44; echo out; "
                   "exit 3'\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROGRAM_FAILED);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_free(read_kept("story-x86", names[i]));
    }
    accesses = read_kept("story-x86", "transcript.txt");
    ck_assert_msg(g_regex_match_simple("read  0x0fef00010 2  0xaaaa +[0-9.]+ us  unclaimed\n(?s:.*)"
                                       "write 0x0fef00000 4  0x44332211 +[0-9.]+ us  handler\n",
                                       accesses, 0, 0), "%s", accesses);
    output = read_kept("story-x86", "accesses.stdout");
    ck_assert_str_eq(output, "out\n");
    streams = read_kept("story-x86", "streams.log");
    ck_assert_msg(g_regex_match_simple("^\\[ +[0-9.]+] inside the one stdout: aa aa\n"
                                       "\\[ +[0-9.]+] outside outside stdout: write [^\n]+\n"
                                       "\\[ +[0-9.]+] inside accesses stdout: out\n$",
                                       streams, 0, 0), "%s", streams);
}
END_TEST

/* The kernel says all that it has to say. The second test shares the guest of the first. */
START_TEST(a_restored_guests_console_is_kept_from_its_boot_on)
{
    static const char machine[] = "[scenario]\nmachines = x86\nappend = loglevel=7\n[step say]\n"
                                  "run = sh -c 'echo it was %s >/dev/console'\n[step end]\nrun = %s\n";
    g_autofree char *first = g_strdup_printf(machine, "first", "true");
    g_autofree char *second = g_strdup_printf(machine, "second", "false");
    g_autofree char *console = NULL;
    g_autofree char *whole = NULL;

    write_scenario("a", first);
    ck_assert_int_eq(run(NULL, NULL), 0);
    write_scenario("b", second);
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROGRAM_FAILED);
    console = read_kept("b-x86", "console.log");
    ck_assert_msg(g_regex_match_simple("(?m)^\\[ +0\\.[0-9]+] it was second\\r?$", console, 0, 0), "%s",
                  console);
    ck_assert_ptr_null(strstr(console, "first"));
    whole = read_kept("b-x86", "guest-console.log");
    ck_assert_msg(g_regex_match_simple("^---- the boot, behind [^\n]+\n(?s:.*)Linux version (?s:.*)\n"
                                       "---- since it was restored, [^\n]+\n(?s:.*)it was first\\r?\n"
                                       "(?s:.*)it was second\\r?\n", whole, 0, 0), "%s", whole);
}
END_TEST

START_TEST(a_silent_console_is_explained)
{
    g_autofree char *console = NULL;
    g_autofree char *whole = NULL;

    write_scenario("a", RUN("false"));
    ck_assert_int_eq(run("--cold", NULL), VMB_ERROR_PROGRAM_FAILED);
    console = read_kept("a-x86", "console.log");
    assert_says(console, "# nothing during this test: ");
    whole = read_kept("a-x86", "guest-console.log");
    ck_assert(g_str_has_prefix(whole, "---- since the guest was started ----\n"));
}
END_TEST

/* The handler claims, and never answers. */
START_TEST(an_access_that_waits_is_in_the_transcript)
{
    g_autofree char *accesses = NULL;
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\nmisbehaves = yes\n"
        "[range first]\nproperties = timeout-ms=0\n"
        "[handler rude]\ncommand = %s unsolicited\n[step start]\nstart = rude\n"
        "[step hang]\nrun = vmmio-io read 0xfef00020 2\ntimeout = 1\n", g_getenv("RUDE_HANDLER"));

    write_scenario("hang", text);
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROGRAM_TIMEOUT);
    accesses = read_kept("hang-x86", "transcript.txt");
    ck_assert_msg(g_regex_match_simple("\n +0\\.[0-9]+  vmmio0   read  0x0fef00020 2  - +[0-9]{6,}\\.[0-9] "
                                       "us  waiting\n$", accesses, 0, 0), "%s", accesses);
}
END_TEST

static const struct {
    const char *program; /* and what its step expects */
    int status;
    const char *says;
} ends[] = {
    {"sh -c 'exit 3'", VMB_ERROR_PROGRAM_FAILED, "guest-exit: sh "},
    {"sh -c 'kill -SEGV $$'", VMB_ERROR_PROGRAM_SIGNAL, "guest-signal: sh "},
    {"sh -c 'kill -ABRT $$'", VMB_ERROR_PROGRAM_SIGNAL, "signal 6 (Aborted)"},
    {"sh -c 'exit 3'\nsignal = 6", VMB_ERROR_PROGRAM_FAILED, "not with signal 6 (Aborted)"},
    {"no-such-program", VMB_ERROR_PROGRAM_MISSING, "program-missing: "},
    {"sleep 1000\ntimeout = 0.5", VMB_ERROR_PROGRAM_TIMEOUT, "test-hang: sleep "},
    {"sh -c 'echo c > /proc/sysrq-trigger'", VMB_ERROR_PANIC, "panic: the guest kernel panicked"},
    {"sh -c 'echo b > /proc/sysrq-trigger'", VMB_ERROR_RESET, "reset: the guest "},
    {"sh -c 'echo \"ok 1 - all:x86\"; echo \"{\\\\\"status\\\\\": 0}\"; exit 1'",
     VMB_ERROR_PROGRAM_FAILED, "guest-exit: sh "},
};

/* The next test finds a guest all the same. */
START_TEST(each_end_has_a_verdict)
{
    g_autofree char *text = g_strdup_printf(RUN("%s"), ends[_i].program);

    write_scenario("bad", text);
    write_scenario("next", RUN("true"));
    ck_assert_int_eq(run(NULL, NULL), ends[_i].status);
    assert_says(child.out, ends[_i].says);
    assert_says(child.out, "FAIL  bad:x86");
    assert_says(child.out, "ok    next:x86");
    assert_says(child.out, "1 passed, 1 failed");
}
END_TEST

/* All of it is in the bundle. */
START_TEST(the_end_of_many_errors_is_shown)
{
    g_autofree char *errors = NULL;

    write_scenario("a", RUN("sh -c 'seq 1 20000 >&2; exit 1'"));
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROGRAM_FAILED);
    assert_says(child.out, "\n      (19960 lines before these)\n      19961\n      19962\n");
    assert_says(child.out, "\n      19999\n      20000\n");
    errors = read_kept("a-x86", "the one.stderr");
    ck_assert(g_str_has_prefix(errors, "1\n2\n"));
}
END_TEST

/* The program that makes the access is replaced by one that dies. */
START_TEST(an_access_whose_program_dies_did_not_go_well)
{
    write_scenario("a", "[scenario]\nmachines = x86\n"
                   "[step replace]\nrun = sh -c 'io=$(command -v vmmio-io); rm $io; "
                   "printf \"#!/bin/sh\\\\nkill -SEGV \\\\$\\\\$\\\\n\" > $io; chmod 755 $io'\n"
                   "[step access]\nbus-error = 0xfef00000\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROGRAM_SIGNAL);
    assert_says(child.out, "guest-signal: vmmio-io ");
}
END_TEST

START_TEST(a_failed_write_that_nobody_learns_of_is_refused)
{
    write_scenario("a", "[scenario]\nmachines = x86\n"
                   "[step write]\nbus-error = 0xfef00000\nwrite = 00\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_SETUP);
    assert_says(child.out, "a/scenario.ini:3: on x86 nobody learns that a write failed: leave the machine "
                           "out with `machines =`");
}
END_TEST

START_TEST(what_needs_kvm_is_skipped_without)
{
    write_scenario("a", "[scenario]\nmachines = x86\nneeds = kvm\n[step s]\nrun = true\n");
    ck_assert_int_eq(run(NULL, NULL), 0);
    assert_says(child.out, "it needs KVM: --accel tcg leaves it alone");
    assert_says(child.out, "0 passed, 0 failed, 0 flaky, 1 skipped");
}
END_TEST

/* Nor does what looks like a panic among it: the verdict is that of the step behind. */
START_TEST(a_megabyte_of_console_noise_decides_nothing)
{
    write_scenario("noise", RUN("sh -c 'head -c 1048576 /dev/urandom >/dev/console; echo \"Kernel panic"
                                " - not syncing: ok 1 - noise:x86\" >/dev/console'")
                   "[step behind it]\nrun = sh -c 'exit 3'\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROGRAM_FAILED);
    assert_says(child.out, "guest-exit: sh ");
    assert_says(child.out, "step behind it, ");
}
END_TEST

static const struct {
    const char *body; /* of a shell script that is the handler */
    int status;
    const char *says;
} handlers[] = {
    {"echo no >&2; exit 4", VMB_ERROR_HANDLER_DIED,
     "/handler) ended with exit status 4: no: try it by hand, or with rerun.sh among its logs\n"},
    {"echo first >&2; echo no >&2; exit 4", VMB_ERROR_HANDLER_DIED, "handler bad:\n      first\n"},
    {"exec sleep 1000", VMB_ERROR_NO_CLAIM, "no-claim: "},
};

START_TEST(each_handler_has_a_verdict)
{
    g_autofree char *script = child_script(&child, "handler", handlers[_i].body);
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n[handler bad]\ncommand = %s\n"
        "[step start]\nstart = bad\ntimeout = 3\n", script);

    write_scenario("handler", text);
    ck_assert_int_eq(run(NULL, NULL), handlers[_i].status);
    assert_says(child.out, handlers[_i].says);
}
END_TEST

/* What runs it is no name that the user knows. */
START_TEST(a_python_handler_is_called_by_its_name)
{
    g_autofree char *script = child_path(&child, "tests/coffee/machine.py");

    write_scenario("coffee", "[scenario]\nmachines = x86\n[handler barista]\ncommand = machine.py\n"
                   "[step start]\nstart = barista\n");
    ck_assert(g_file_set_contents(script, "raise SystemExit('no coffee')\n", -1, NULL));
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_HANDLER_DIED);
    assert_says(child.out, "handler-died: the handler barista (machine.py) ended with exit status 1: no "
                           "coffee: ");
}
END_TEST

/* The handler tells when the guest is there: a QEMU that dies while it is restored is started again. */
START_TEST(the_death_of_qemu_is_seen)
{
    g_autofree char *tests = child_path(&child, "tests");
    g_autofree char *marker = child_path(&child, "marker");
    g_autofree char *body = g_strdup_printf("echo begun > %s; exec sleep 1000", marker);
    g_autofree char *script = child_script(&child, "handler", body);
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n[handler h]\ncommand = %s\n[step start]\nstart = h\n", script);
    const char *args[] = {"run", "--accel", "tcg", "--dir", tests, NULL};

    write_scenario("long", text);
    child_start(&child, FALSE, args);
    child_await_text(&child, "marker", "begun");
    kill(child_find(&child, "qemu-system-x86_64"), SIGKILL);
    ck_assert_int_eq(child_wait(&child), VMB_ERROR_QEMU_DIED);
    assert_says(child.out, "signal 9 (Killed)");
}
END_TEST

/* Whoever is not reached has failed too, in the files as well. */
START_TEST(an_interrupt_fails_all_that_is_left)
{
    g_autofree char *tests = child_path(&child, "tests");
    g_autofree char *junit = child_path(&child, "junit.xml");
    g_autofree char *text = NULL;
    const char *args[] = {"run", "--accel", "tcg", "--dir", tests, "--junit", junit, NULL};

    write_scenario("a", RUN("sleep 1000"));
    write_scenario("b", RUN("true"));
    child_start(&child, FALSE, args);
    child_find(&child, "qemu-system-x86_64");
    kill(child.pid, SIGINT);
    ck_assert_int_eq(child_wait(&child), 128 + SIGINT);
    assert_says(child.out, "0 passed, 2 failed");
    assert_says(child.out, "interrupted: interrupted by signal 2 (Interrupt)\n");
    ck_assert_ptr_null(strstr(child.out, "signal 15"));
    ck_assert(g_file_get_contents(junit, &text, NULL, NULL));
    assert_says(text, "failures=\"0\"");
    assert_says(text, "errors=\"2\"");
    assert_says(text, "not reached: interrupted by signal 2");
}
END_TEST

/* A handler that fails the first time that it is started. */
START_TEST(a_retried_pass_is_flaky)
{
    g_autofree char *marker = child_path(&child, "marker");
    g_autofree char *body = g_strdup_printf(
        "[ -e %s ] || { touch %s; exit 1; }; exec %s $1", marker, marker, g_getenv("OUTSIDE"));
    g_autofree char *script = child_script(&child, "handler", body);
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n[handler h]\ncommand = %s\n[step start]\nstart = h\n", script);

    write_scenario("flaky", text);
    ck_assert_int_eq(run("--retry", "1"), 0);
    assert_says(child.out, "FLAKY flaky:x86");
    assert_says(child.out, "0 passed, 0 failed, 1 flaky, 0 skipped");
}
END_TEST

START_TEST(tests_run_side_by_side)
{
    g_autofree char *json = child_path(&child, "all.json");

    write_scenario("a", RUN("true"));
    write_scenario("b", RUN("true"));
    write_scenario("c", RUN("false"));
    ck_assert_int_eq(run("--jobs", "3"), VMB_ERROR_PROGRAM_FAILED);
    assert_says(child.out, "2 passed, 1 failed");
    ck_assert_int_eq(run("-j2", NULL), VMB_ERROR_PROGRAM_FAILED);
    ck_assert_int_eq(run("-j", "2"), VMB_ERROR_PROGRAM_FAILED);
    ck_assert_int_eq(run("--repeat", "3"), VMB_ERROR_PROGRAM_FAILED);
    assert_says(child.out, "ok    b:x86#3");
    assert_says(child.out, "6 passed, 3 failed");
    ck_assert_int_eq(run("--shard", "3/3"), VMB_ERROR_PROGRAM_FAILED);
    assert_says(child.out, "0 passed, 1 failed");
    ck_assert_int_eq(run("--json", json), VMB_ERROR_PROGRAM_FAILED);
}
END_TEST

static const struct {
    const char *text;
    int status;
    const char *says; /* on standard error */
} mistakes[] = {
    {"[scenario]\nmachine = x86\n[step a]\nrun = true\n", VMB_ERROR_SETUP,
     "scenario.ini:2: `machine` is no key that this group has: did you mean `machines`?"},
    {"[scenario]\n[step a]\nrun = true\nstdot = x\n", VMB_ERROR_SETUP,
     "scenario.ini:4: `stdot` is no key that this group has: did you mean `stdout`?"},
    {"[scenario]\nmachines = x68\n[step a]\nrun = true\n", VMB_ERROR_SETUP,
     "scenario.ini:2: `x68` is no machine: did you mean `x86`?"},
};

START_TEST(a_mistake_is_named)
{
    write_scenario("mistake", mistakes[_i].text);
    ck_assert_int_eq(run(NULL, NULL), mistakes[_i].status);
    assert_says(child.err, mistakes[_i].says);
    ck_assert_ptr_eq(strchr(child.err, '\n'), child.err + strlen(child.err) - 1);
}
END_TEST

START_TEST(each_mistake_has_a_line)
{
    write_scenario("mistakes", "[scenario]\nmachine = x86\n[step a]\nrun = true\nexit = x\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_SETUP);
    ck_assert(g_str_has_prefix(child.err, "vmbench: "));
    assert_says(child.err, "scenario.ini:2: `machine` is no key");
    assert_says(child.err, "\nvmbench: ");
    assert_says(child.err, "scenario.ini:5: `x` is no number");
}
END_TEST

START_TEST(a_name_that_is_none)
{
    write_scenario("hello", RUN("hello"));
    ck_assert_int_eq(run("helo", NULL), VMB_ERROR_USAGE);
    assert_says(child.err, "no scenario matches `helo`: did you mean `hello`?");
    ck_assert_int_eq(run("--shard", "3/2"), VMB_ERROR_USAGE);
    ck_assert_int_eq(run("--machine", "pi"), VMB_ERROR_USAGE);
    ck_assert_int_eq(run("--group", "none"), VMB_ERROR_USAGE);
}
END_TEST

START_TEST(names_are_listed)
{
    g_autofree char *tests = child_path(&child, "tests");
    const char *args[] = {"list", "--names", "--dir", tests, "--group", "fast", NULL};

    write_scenario("one", "[scenario]\ngroups = fast\n[step s]\nrun = true\n");
    write_scenario("deep/two", "[scenario]\ngroups = slow;fast\n[step s]\nrun = true\n");
    write_scenario("three", RUN("true"));
    ck_assert_int_eq(child_run(&child, args), 0);
    ck_assert_str_eq(child.out, "deep/two\none\n");
    g_setenv("VMBENCH_KERNEL", "/nowhere", TRUE); /* it is for guests */
    ck_assert_int_eq(child_run(&child, args), 0);
}
END_TEST

/* It would look as if they did something. */
START_TEST(list_refuses_what_is_for_a_run)
{
    static const char *const options[] = {"--tap", "--jobs=2", "-j2", "--repeat=2", "--gdb",
                                          "--junit=junit.xml", "--isolate",
                                          "--kernel=k", "--accel=tcg", "--memory=512", "--logs=l",
                                          "--qemu-dir=d", "--initrd=i", "--timeout-scale=2"};

    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        const char *args[] = {"list", options[i], NULL};
        g_autofree char *says = g_strdup_printf("vmbench: Unknown option %s: see vmbench list --help\n",
                                                options[i]);

        ck_assert_int_eq(child_run(&child, args), VMB_ERROR_USAGE);
        ck_assert_str_eq(child.err, says);
    }
}
END_TEST

START_TEST(a_missing_fixture_is_named)
{
    write_scenario("a", RUN("true") "stdout = no-such.txt\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_SETUP);
    assert_says(child.out, "a/scenario.ini:7: there is no file ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 4 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(all, scenario_setup, scenario_teardown);
    tcase_add_test(all, what_passes_leaves_nothing);
    tcase_add_test(all, a_wrong_byte_is_shown);
    tcase_add_test(all, a_failure_is_told_at_once);
    tcase_add_test(all, what_is_kept_tells_the_story);
    tcase_add_test(all, a_restored_guests_console_is_kept_from_its_boot_on);
    tcase_add_test(all, a_silent_console_is_explained);
    tcase_add_test(all, an_access_that_waits_is_in_the_transcript);
    tcase_add_loop_test(all, each_end_has_a_verdict, 0, G_N_ELEMENTS(ends));
    tcase_add_test(all, the_end_of_many_errors_is_shown);
    tcase_add_test(all, an_access_whose_program_dies_did_not_go_well);
    tcase_add_test(all, a_failed_write_that_nobody_learns_of_is_refused);
    tcase_add_test(all, what_needs_kvm_is_skipped_without);
    tcase_add_test(all, a_megabyte_of_console_noise_decides_nothing);
    tcase_add_loop_test(all, each_handler_has_a_verdict, 0, G_N_ELEMENTS(handlers));
    tcase_add_test(all, a_python_handler_is_called_by_its_name);
    tcase_add_test(all, the_death_of_qemu_is_seen);
    tcase_add_test(all, an_interrupt_fails_all_that_is_left);
    tcase_add_test(all, a_retried_pass_is_flaky);
    tcase_add_test(all, tests_run_side_by_side);
    tcase_add_loop_test(all, a_mistake_is_named, 0, G_N_ELEMENTS(mistakes));
    tcase_add_test(all, each_mistake_has_a_line);
    tcase_add_test(all, a_name_that_is_none);
    tcase_add_test(all, names_are_listed);
    tcase_add_test(all, list_refuses_what_is_for_a_run);
    tcase_add_test(all, a_missing_fixture_is_named);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
