/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run as JUnit XML, and the file of it. */
#include "report_junit.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "report_file.h"
#include "report_run.h"
#include "tap.h"

static char *directory;
static char *path;

static void make_directory(void)
{
    directory = g_dir_make_tmp("vmbench-report-XXXXXX", NULL);
    path = g_build_filename(directory, "report", NULL);
}

/* Nothing else is left there, no temporary file. */
static void remove_directory(void)
{
    g_remove(path);
    ck_assert_int_eq(g_rmdir(directory), 0);
    g_free(path);
    g_free(directory);
}

/* Write the report of the whole run. Free with g_free(). */
static char *report(void)
{
    VmbRunOutcome *run = report_run_new();
    g_autoptr(VmbReporter) reporter = vmb_report_junit_new(path, NULL);
    char *text;

    ck_assert_ptr_nonnull(reporter);
    ck_assert(report_run_tell(run, reporter, NULL));
    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    report_run_free(run);
    return text;
}

START_TEST(a_run_as_junit)
{
    g_autofree char *text = report();

    report_run_compare(text, "junit.xml");
}
END_TEST

START_TEST(it_is_what_the_schema_says)
{
    const char *argv[] = {"xmllint", "--noout", "--schema", g_getenv("JUNIT_SCHEMA"), path, NULL};
    g_autofree char *text = report();
    g_autofree char *err = NULL;
    int status;

    ck_assert(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &err,
                           &status, NULL));
    ck_assert_msg(status == 0, "%s", err);
}
END_TEST

START_TEST(attempts_before_a_failure_are_reruns)
{
    VmbRunOutcome *run = report_run_new();
    VmbReporter *reporter = vmb_report_junit_new(path, NULL);
    g_autofree char *text = NULL;

    for (guint i = 0; i < run->outcomes->len; i++) {
        report_run_end_test(run, reporter, i);
    }
    vmb_run_outcome_at(run, 3)->result->status = VMB_ERROR_PANIC;
    ck_assert(reporter->calls->end(reporter, run, NULL));
    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    ck_assert_ptr_nonnull(strstr(text, "<failure type=\"panic\" message=\"\">"));
    ck_assert_ptr_nonnull(strstr(text, "<rerunFailure type=\"test-hang\" message=\"/bin/poke did"));
    ck_assert_ptr_null(strstr(text, "flaky"));
    vmb_reporter_free(reporter);
    report_run_free(run);
}
END_TEST

/* ---- Its file ---- */

START_TEST(the_file_of_an_earlier_run_goes_first)
{
    ck_assert(g_file_set_contents(path, "<green/>", -1, NULL));
    g_autoptr(VmbReporter) reporter = vmb_report_junit_new(path, NULL);

    ck_assert_ptr_nonnull(reporter);
    ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
}
END_TEST

static void expect_refused(const char *where)
{
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(vmb_report_junit_new(where, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(error->message, where));
}

START_TEST(a_place_that_is_none_is_refused_before_the_run)
{
    g_autofree char *nowhere = g_build_filename(directory, "no", "junit.xml", NULL);

    expect_refused(nowhere);
    expect_refused(directory);
}
END_TEST

START_TEST(a_directory_that_went_away_is_an_error)
{
    VmbRunOutcome *run = report_run_new();
    g_autofree char *below = g_build_filename(directory, "gone", NULL);
    g_autofree char *file = g_build_filename(below, "junit.xml", NULL);
    g_autoptr(GError) error = NULL;

    ck_assert_int_eq(g_mkdir(below, 0700), 0);
    g_autoptr(VmbReporter) reporter = vmb_report_junit_new(file, NULL);

    ck_assert_int_eq(g_rmdir(below), 0);
    ck_assert(!report_run_tell(run, reporter, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    report_run_free(run);
}
END_TEST

/* /dev/null and the like are written to, not replaced by a file. */
START_TEST(a_device_stays_a_device)
{
    g_autofree char *link = g_build_filename(directory, "report", NULL);
    g_autoptr(GError) error = NULL;

    ck_assert_int_eq(symlink("/dev/full", link), 0);
    ck_assert(vmb_report_file_prepare(link, NULL));
    ck_assert(!vmb_report_file_write(link, "text", &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report_junit");
    TCase *cases = tcase_create("junit");

    tcase_add_checked_fixture(cases, make_directory, remove_directory);
    tcase_add_test(cases, a_run_as_junit);
    tcase_add_test(cases, it_is_what_the_schema_says);
    tcase_add_test(cases, attempts_before_a_failure_are_reruns);
    tcase_add_test(cases, the_file_of_an_earlier_run_goes_first);
    tcase_add_test(cases, a_place_that_is_none_is_refused_before_the_run);
    tcase_add_test(cases, a_directory_that_went_away_is_an_error);
    tcase_add_test(cases, a_device_stays_a_device);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
