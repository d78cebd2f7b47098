/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run on GitHub's runners. */
#include "report_github.h"

#include <glib/gstdio.h>
#include <string.h>

#include "report_run.h"
#include "report_terminal.h"
#include "tap.h"

static char *directory;
static char *path;

static void make_directory(void)
{
    directory = g_dir_make_tmp("vmbench-report-XXXXXX", NULL);
    path = g_build_filename(directory, "report", NULL);
    g_setenv("GITHUB_WORKSPACE", "/usr/", TRUE);
    g_setenv("GITHUB_STEP_SUMMARY", path, TRUE);
}

/* Nothing else is left there, no temporary file. */
static void remove_directory(void)
{
    g_remove(path);
    ck_assert_int_eq(g_rmdir(directory), 0);
    g_free(path);
    g_free(directory);
}

/* What it prints, behind what makes the runner deaf and hear again. Free with g_free(). */
static char *report(GError **error)
{
    VmbRunOutcome *run = report_run_new();
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    g_autoptr(VmbReporter) reporter = vmb_report_github_new(out);

    ck_assert(report_run_tell(run, reporter, error) == (error == NULL));
    fclose(out);
    report_run_free(run);

    g_autofree char *all = g_strdup(text);
    g_auto(GStrv) parts = g_regex_split_simple("^::stop-commands::([0-9a-f-]{36})\n::\\1::\n", all,
                                               0, 0);

    free(text);
    ck_assert_msg(g_strv_length(parts) == 3, "%s", all);
    return g_strdup(parts[2]);
}

/* What a guest prints comes through the reporter for people, on the same stream. */
START_TEST(no_command_of_a_guest_is_heard)
{
    VmbRunOutcome *run = report_run_new();
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    GPtrArray *reporters = vmb_reporters_new();

    g_ptr_array_add(reporters, vmb_report_terminal_new(out));
    g_ptr_array_add(reporters, vmb_report_github_new(out));
    vmb_reporters_begin(reporters, run);
    for (guint i = 0; i < run->outcomes->len - 1; i++) {
        report_run_end_test(run, g_ptr_array_index(reporters, 0), i);
    }
    ck_assert(vmb_reporters_end(reporters, run, NULL));
    g_ptr_array_unref(reporters);
    fclose(out);
    report_run_free(run);
    ck_assert_msg(g_regex_match_simple("^::stop-commands::([0-9a-f-]{36})\n(?s:.*)\n +::error::x\n"
                                       "(?s:.*) skipped in [0-9.]+ s\n::\\1::\n::error file=",
                                       text, 0, 0), "%s", text);
    free(text);
}
END_TEST

START_TEST(a_report_that_was_cut_short_lets_the_runner_hear)
{
    VmbRunOutcome *run = report_run_new();
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    VmbReporter *reporter = vmb_report_github_new(out);

    reporter->calls->begin(reporter, run);
    vmb_reporter_free(reporter);
    fclose(out);
    report_run_free(run);
    ck_assert_msg(g_regex_match_simple("^::stop-commands::([0-9a-f-]{36})\n::\\1::\n$", text, 0, 0),
                  "%s", text);
    free(text);
}
END_TEST

START_TEST(failures_are_annotations)
{
    g_autofree char *text = report(NULL);

    report_run_compare(text, "github.txt");
}
END_TEST

START_TEST(the_table_is_appended)
{
    g_autofree char *summary = NULL;

    ck_assert(g_file_set_contents(path, "before\n", -1, NULL));
    g_free(report(NULL));
    ck_assert(g_file_get_contents(path, &summary, NULL, NULL));
    ck_assert(g_str_has_prefix(summary, "before\n"));
    report_run_compare(summary + strlen("before\n"), "summary.md");
}
END_TEST

START_TEST(without_a_summary_there_are_annotations)
{
    g_unsetenv("GITHUB_STEP_SUMMARY");
    g_autofree char *text = report(NULL);

    report_run_compare(text, "github.txt");
}
END_TEST

START_TEST(a_summary_that_cannot_be_written_is_an_error)
{
    g_autoptr(GError) error = NULL;

    g_setenv("GITHUB_STEP_SUMMARY", "/dev/full", TRUE);
    g_free(report(&error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(error->message, "/dev/full"));
}
END_TEST

START_TEST(it_is_for_runners_alone)
{
    g_unsetenv("GITHUB_ACTIONS");
    ck_assert(!vmb_report_github_wanted());
    g_setenv("GITHUB_ACTIONS", "false", TRUE);
    ck_assert(!vmb_report_github_wanted());
    g_setenv("GITHUB_ACTIONS", "true", TRUE);
    ck_assert(vmb_report_github_wanted());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report_github");
    TCase *cases = tcase_create("github");

    tcase_add_checked_fixture(cases, make_directory, remove_directory);
    tcase_add_test(cases, failures_are_annotations);
    tcase_add_test(cases, no_command_of_a_guest_is_heard);
    tcase_add_test(cases, a_report_that_was_cut_short_lets_the_runner_hear);
    tcase_add_test(cases, the_table_is_appended);
    tcase_add_test(cases, without_a_summary_there_are_annotations);
    tcase_add_test(cases, a_summary_that_cannot_be_written_is_an_error);
    tcase_add_test(cases, it_is_for_runners_alone);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
