/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench run: what goes wrong before a guest boots is told, in every report. */
#include <string.h>

#include "error.h"
#include "scenario_run.h"
#include "tap.h"

/* No test of it gets as far as a guest. */
static const char broken[] = RUN("true") "stdout = no-such.txt\n";

/* `vmbench run WORDS --dir tests`, by a shell that does `before`. */
static int run_after(const char *before, const char *words)
{
    g_autofree char *script = g_strdup_printf(
        "cd '%s' && %s && exec \"$VMBENCH\" run --logs logs --dir tests %s", child.dir, before, words);
    const char *args[] = {"-c", script, NULL};

    child.program = "/bin/sh";
    return child_run(&child, args);
}

/* Descriptors for files, but none for a worker's pipes. */
START_TEST(a_run_without_a_worker_is_in_every_report)
{
    g_autofree char *junit = child_path(&child, "junit.xml");
    g_autofree char *json = child_path(&child, "run.json");
    g_autofree char *text = NULL;

    write_scenario("a", broken);
    write_scenario("b", broken);
    ck_assert_int_eq(run_after("exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- && ulimit -n 8",
                               "--accel tcg --junit junit.xml --json run.json"),
                     VMB_ERROR_SETUP);
    assert_says(child.out, "0 passed, 2 failed");
    assert_says(child.err, ": Too many open files\n");
    ck_assert(g_file_get_contents(junit, &text, NULL, NULL));
    assert_says(text, "tests=\"2\" failures=\"0\" errors=\"2\"");
    ck_assert(g_file_test(json, G_FILE_TEST_EXISTS));
}
END_TEST

/* Where there is no KVM, workers are told so: that must not become another name. */
START_TEST(names_stand_behind_two_dashes)
{
    write_scenario("a", broken);
    ck_assert_int_eq(run_after("true", "--accel auto -- a"), VMB_ERROR_SETUP);
    assert_says(child.out, "FAIL  a:x86");
    assert_says(child.out, "scenario.ini:7: there is no file ");
}
END_TEST

/* A link on the way is no other file; what does not exist yet is compared too. */
static const struct {
    const char *words, *says;
    int status;
} reports[] = {
    {"--junit r --json ./r", "vmbench: --junit r and --json ./r are one file: name another", VMB_ERROR_USAGE},
    {"--junit here/r --json tests/r", " are one file: ", VMB_ERROR_USAGE},
    {"--junit -", "vmbench: --junit -: standard output has the lines of the run: ", VMB_ERROR_USAGE},
    {"--json -", "vmbench: --json -: standard output has the lines of the run: ", VMB_ERROR_USAGE},
    {"--junit /proc/r", "vmbench: cannot write the report /proc/r: ", VMB_ERROR_SETUP},
    {"--json no/r", "vmbench: cannot write the report no/r: No such file or directory: ", VMB_ERROR_SETUP},
    {"--json tests", "vmbench: cannot write the report tests: Is a directory: ", VMB_ERROR_SETUP},
    {"--json ''", "vmbench: cannot write the report : ", VMB_ERROR_SETUP},
};

START_TEST(a_report_that_cannot_be_is_refused_before_the_run)
{
    write_scenario("a", broken);
    ck_assert_int_eq(run_after("ln -s tests here", reports[_i].words), reports[_i].status);
    assert_says(child.err, reports[_i].says);
    ck_assert_str_eq(child.out, "");
}
END_TEST

START_TEST(two_reports_may_go_nowhere)
{
    write_scenario("a", broken);
    ck_assert_int_eq(run_after("true", "--accel tcg --junit /dev/null --json /dev/null"),
                     VMB_ERROR_SETUP);
    assert_says(child.out, "0 passed, 1 failed");
}
END_TEST

/* A scenario's file says these; here they would do nothing. */
START_TEST(an_option_of_one_guest_is_refused)
{
    static const char *const commands[] = {"run", "list"};
    static const char *const options[] = {"--properties=foo=bar", "--port=4300", "--network"};

    write_scenario("a", broken);
    for (guint i = 0; i < G_N_ELEMENTS(options) * G_N_ELEMENTS(commands); i++) {
        const char *command = commands[i % G_N_ELEMENTS(commands)];
        const char *option = options[i / G_N_ELEMENTS(commands)];
        const char *args[] = {command, option, NULL};
        g_autofree char *says = g_strdup_printf("vmbench: Unknown option %s: see vmbench %s --help\n",
                                                option, command);

        ck_assert_int_eq(child_run(&child, args), VMB_ERROR_USAGE);
        ck_assert_str_eq(child.err, says);
    }
}
END_TEST

START_TEST(list_finds_what_is_not_there)
{
    g_autofree char *tests = child_path(&child, "tests");
    const char *args[] = {"list", "--dir", tests, NULL};

    write_scenario("a", "[scenario]\nmachines = x86\n[handler h]\ncommand = ./no-such\n"
                   "[step s]\nrun = true\n");
    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_SETUP);
    assert_says(child.err, "scenario.ini:4: the handler's program ");
    assert_says(child.err, "/no-such is not there\n");
    ck_assert_str_eq(child.out, "");
}
END_TEST

/* All of them at once, with their lines; what is there is not named. */
START_TEST(list_finds_what_the_image_lacks)
{
    g_autofree char *tests = child_path(&child, "tests");
    const char *args[] = {"list", "--dir", tests, NULL};

    write_scenario("a", "[scenario]\nadd = scenario.ini:/x;no-file:/y\npkg = no-pkg\n"
                   "module = no.ko:module.ini\noverlay = .:/opt;no-tree\nmanifest = no-list\n"
                   "[step s]\nrun = true\n");
    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_SETUP);
    assert_says(child.err, "scenario.ini:2: `no-file:/y` is not there: ");
    assert_says(child.err, "scenario.ini:3: `no-pkg` is not there: ");
    assert_says(child.err, "scenario.ini:4: `no.ko:module.ini` is not there: ");
    assert_says(child.err, "scenario.ini:5: `no-tree` is not there: ");
    assert_says(child.err, "scenario.ini:6: `no-list` is not there: ");
    ck_assert_ptr_null(strstr(child.err, "`scenario.ini"));
    ck_assert_ptr_null(strstr(child.err, "`.:"));
}
END_TEST

START_TEST(a_kernel_is_for_one_machine)
{
    write_scenario("a", broken);
    ck_assert_int_eq(run("--kernel", "/etc/passwd"), VMB_ERROR_USAGE);
    ck_assert_str_eq(child.err, "vmbench: --kernel, --dtb and --initrd are for one machine: give "
                     "--machine too\n");
}
END_TEST

/* A QEMU that cannot be used; `body` is what it does, in the private directory. */
static void write_qemu(const char *body)
{
    g_autofree char *bin = child_path(&child, "bin");
    g_autofree char *text = g_strdup_printf("cd '%s'; %s; exit 1", child.dir, body);

    ck_assert_int_eq(g_mkdir_with_parents(bin, 0755), 0);
    g_free(child_script(&child, "bin/qemu-system-x86_64", text));
}

/* They are directories already. */
START_TEST(a_file_that_cannot_be_kept_is_noted_once)
{
    static const char *const names[] = {"failure.txt", "versions.txt", "rerun.sh", "qemu.log"};
    g_autofree char *text = g_strdup_printf("mkdir $(echo logs/run-*/a-x86)/%s", names[_i]);
    const char *note;

    write_scenario("a", RUN("true"));
    write_qemu(text);
    ck_assert_int_eq(run_after("true", "--cold --accel tcg --qemu-dir ."), VMB_ERROR_QEMU_DIED);
    note = strstr(child.out, "note: its logs are not complete: ");
    ck_assert_msg(note != NULL && strstr(note + 10, "its logs are not complete") == NULL, "%s",
                  child.out);
}
END_TEST

/* There is nothing yet that gdb could connect to. */
START_TEST(gdb_is_not_invited_before_qemu_listens)
{
    write_scenario("a", RUN("true"));
    write_qemu("true");
    ck_assert_int_eq(run_after("true", "--gdb --accel tcg --qemu-dir ."), VMB_ERROR_QEMU_DIED);
    ck_assert_msg(strstr(child.err, "gdb") == NULL, "%s", child.err);
}
END_TEST

/* So that the next failure is told at once. */
START_TEST(what_was_hashed_for_a_failure_is_remembered)
{
    g_autofree char *known = NULL;
    g_autofree char *path = child_path(&child, "cache/vmmio-bench/snapshots/hashes.ini");
    g_autofree char *qemu = child_path(&child, "bin/qemu-system-x86_64");
    g_autofree char *line = g_strdup_printf("path=%s\n", qemu);

    write_scenario("a", RUN("true"));
    write_qemu("true");
    ck_assert_int_eq(run_after("export XDG_CACHE_HOME=$PWD/cache", "--cold --accel tcg --qemu-dir $PWD"),
                     VMB_ERROR_QEMU_DIED);
    ck_assert_msg(g_file_get_contents(path, &known, NULL, NULL), "%s", child.out);
    assert_says(known, line);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_mistakes");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 2 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(all, scenario_setup, scenario_teardown);
    tcase_add_test(all, a_run_without_a_worker_is_in_every_report);
    tcase_add_test(all, names_stand_behind_two_dashes);
    tcase_add_loop_test(all, a_report_that_cannot_be_is_refused_before_the_run, 0,
                        G_N_ELEMENTS(reports));
    tcase_add_test(all, two_reports_may_go_nowhere);
    tcase_add_test(all, an_option_of_one_guest_is_refused);
    tcase_add_test(all, list_finds_what_is_not_there);
    tcase_add_test(all, list_finds_what_the_image_lacks);
    tcase_add_test(all, a_kernel_is_for_one_machine);
    tcase_add_loop_test(all, a_file_that_cannot_be_kept_is_noted_once, 0, 4);
    tcase_add_test(all, gdb_is_not_invited_before_qemu_listens);
    tcase_add_test(all, what_was_hashed_for_a_failure_is_remembered);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
