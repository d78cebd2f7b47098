/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run as TAP. */
#include "report_tap.h"

#include <string.h>

#include "report_run.h"
#include "tap.h"

static char *text;
static size_t len;
static FILE *out;

static void open_stream(void)
{
    out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(out);
}

static void close_stream(void)
{
    fclose(out);
    free(text);
}

START_TEST(a_run_in_the_order_of_its_plan)
{
    VmbRunOutcome *run = report_run_new();
    g_autoptr(VmbReporter) reporter = vmb_report_tap_new(out);

    ck_assert(report_run_tell(run, reporter, NULL));
    report_run_compare(text, "run.tap");
    report_run_free(run);
}
END_TEST

/* What is behind a test that still runs waits for it, and comes as soon as that has ended. */
START_TEST(a_test_waits_for_those_before_it)
{
    VmbRunOutcome *run = report_run_new();
    g_autoptr(VmbReporter) reporter = vmb_report_tap_new(out);

    reporter->calls->begin(reporter, run);
    report_run_end_test(run, reporter, 2);
    fflush(out);
    ck_assert_str_eq(text, "TAP version 13\n1..7\n");
    report_run_end_test(run, reporter, 0);
    fflush(out);
    ck_assert_str_eq(text, "TAP version 13\n1..7\nok 1 - memory:raspi4b\n");
    report_run_end_test(run, reporter, 1);
    fflush(out);
    ck_assert_ptr_nonnull(strstr(text, "\nok 3 - fast:x86 # SKIP "));
    report_run_free(run);
}
END_TEST

START_TEST(nothing_to_run_is_a_plan_of_nothing)
{
    g_autoptr(GPtrArray) cases = g_ptr_array_new();
    g_autoptr(VmbRunOutcome) run = vmb_run_outcome_new(cases, "/usr/logs");
    g_autoptr(VmbReporter) reporter = vmb_report_tap_new(out);

    reporter->calls->begin(reporter, run);
    ck_assert(reporter->calls->end(reporter, run, NULL));
    ck_assert_str_eq(text, "TAP version 13\n1..0 # SKIP there is nothing to run\n"
                           "# 0 passed, 0 failed, 0 flaky, 0 skipped in 0.00 s\n");
}
END_TEST

START_TEST(an_output_that_is_full_is_an_error)
{
    VmbRunOutcome *run = report_run_new();
    FILE *full = fopen("/dev/full", "we");
    g_autoptr(VmbReporter) reporter = vmb_report_tap_new(full);
    g_autoptr(GError) error = NULL;

    ck_assert(!report_run_tell(run, reporter, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    fclose(full);
    report_run_free(run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report_tap");
    TCase *cases = tcase_create("tap");

    tcase_add_checked_fixture(cases, open_stream, close_stream);
    tcase_add_test(cases, a_run_in_the_order_of_its_plan);
    tcase_add_test(cases, a_test_waits_for_those_before_it);
    tcase_add_test(cases, nothing_to_run_is_a_plan_of_nothing);
    tcase_add_test(cases, an_output_that_is_full_is_an_error);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
