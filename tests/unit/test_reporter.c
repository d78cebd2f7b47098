/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the reporters of a run are told, and what the run's exit status is. */
#include "reporter.h"

#include <string.h>

#include "report_run.h"
#include "tap.h"

/* A reporter that writes down what it is told. */
typedef struct {
    VmbReporter base;
    GString *heard;
    gboolean fails;
} Listener;

static void hear(VmbReporter *reporter, const char *what, gint index)
{
    g_string_append_printf(((Listener *)reporter)->heard, "%s %d\n", what, index);
}

static void begin(VmbReporter *reporter, const VmbRunOutcome *run)
{
    hear(reporter, "begin", (gint)run->outcomes->len);
}

static void started(VmbReporter *reporter, const VmbRunOutcome *run, guint index)
{
    (void)run;
    hear(reporter, "started", (gint)index);
}

static void note(VmbReporter *reporter, const VmbRunOutcome *run, gint index, const char *text)
{
    (void)run;
    hear(reporter, text, index);
}

static void ended(VmbReporter *reporter, const VmbRunOutcome *run, guint index)
{
    hear(reporter, vmb_result_verdict(vmb_run_outcome_at(run, index)->result), (gint)index);
}

static void tick(VmbReporter *reporter, const VmbRunOutcome *run)
{
    (void)run;
    hear(reporter, "tick", 0);
}

static gboolean end(VmbReporter *reporter, const VmbRunOutcome *run, GError **error)
{
    hear(reporter, "end", run->seconds > 0);
    if (((Listener *)reporter)->fails) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "full");
        return FALSE;
    }
    return TRUE;
}

static void listener_free(VmbReporter *reporter)
{
    g_string_free(((Listener *)reporter)->heard, TRUE);
    g_free(reporter);
}

static const VmbReporterCalls all = {begin, started, note, ended, tick, end, listener_free};
static const VmbReporterCalls none = {.free = listener_free};

static Listener *add(GPtrArray *reporters, const VmbReporterCalls *calls, gboolean fails)
{
    Listener *listener = g_new0(Listener, 1);

    listener->base.calls = calls;
    listener->heard = g_string_new(NULL);
    listener->fails = fails;
    g_ptr_array_add(reporters, listener);
    return listener;
}

START_TEST(all_are_told_all)
{
    VmbRunOutcome *run = report_run_new();
    g_autoptr(GPtrArray) reporters = vmb_reporters_new();
    Listener *listener = add(reporters, &all, FALSE);

    add(reporters, &none, FALSE);
    vmb_reporters_begin(reporters, run);
    vmb_reporters_started(reporters, run, 1);
    vmb_reporters_note(reporters, run, -1, "note");
    vmb_reporters_tick(reporters, run);
    report_run_end_test(run, &listener->base, 1);
    ck_assert_str_eq(listener->heard->str,
                     "begin 7\nstarted 1\nnote -1\ntick 0\nmismatch 1\n");
    report_run_free(run);
}
END_TEST

/* A guest that dies takes nobody's verdict with it. */
START_TEST(what_has_no_result_at_the_end_has_failed)
{
    VmbRunOutcome *run = report_run_new();
    g_autoptr(GPtrArray) reporters = vmb_reporters_new();
    Listener *listener = add(reporters, &all, FALSE);

    report_run_end_test(run, &listener->base, 0);
    vmb_run_outcome_at(run, 1)->started = run->begin;
    g_string_truncate(listener->heard, 0);
    ck_assert(vmb_reporters_end(reporters, run, NULL));
    ck_assert_str_eq(listener->heard->str,
                     "interrupted 1\ninterrupted 2\ninterrupted 3\ninterrupted 4\ninterrupted 5\n"
                     "interrupted 6\nend 1\n");
    ck_assert_str_eq(vmb_run_outcome_at(run, 1)->result->message,
                     "the run ended before this test did");
    ck_assert_str_eq(vmb_run_outcome_at(run, 2)->result->message,
                     "not reached: the run ended before");
    ck_assert_int_eq(vmb_run_outcome_status(run), VMB_ERROR_INTERRUPTED);
    ck_assert_uint_eq(vmb_run_outcome_count(run).failed, 6);
    report_run_free(run);
}
END_TEST

START_TEST(one_that_fails_stops_no_other)
{
    VmbRunOutcome *run = report_run_new();
    g_autoptr(GPtrArray) reporters = vmb_reporters_new();
    g_autoptr(GError) error = NULL;

    add(reporters, &all, TRUE);
    add(reporters, &all, TRUE);
    Listener *last = add(reporters, &all, FALSE);

    ck_assert(!vmb_reporters_end(reporters, run, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(last->heard->str, "end 1\n"));
    report_run_free(run);
}
END_TEST

/* ---- Exit status ---- */

static void set_status(VmbRunOutcome *run, guint index, int status)
{
    VmbOutcome *outcome = vmb_run_outcome_at(run, index);

    g_clear_pointer(&outcome->result, vmb_result_free);
    outcome->result = vmb_result_new();
    outcome->result->status = status;
}

START_TEST(the_first_failure_in_order_is_the_exit_status)
{
    VmbRunOutcome *run = report_run_new();

    for (guint i = 0; i < run->outcomes->len; i++) {
        set_status(run, i, 0);
    }
    set_status(run, 0, VMB_ERROR_SKIPPED);
    vmb_run_outcome_at(run, 1)->result->attempts = 2;
    ck_assert_int_eq(vmb_run_outcome_status(run), 0);
    set_status(run, 6, VMB_ERROR_MISMATCH);
    ck_assert_int_eq(vmb_run_outcome_status(run), VMB_ERROR_MISMATCH);
    set_status(run, 2, VMB_ERROR_OOPS);
    ck_assert_int_eq(vmb_run_outcome_status(run), VMB_ERROR_OOPS);
    ck_assert_uint_eq(vmb_run_outcome_count(run).passed, 3);
    ck_assert_uint_eq(vmb_run_outcome_count(run).failed, 2);
    ck_assert_uint_eq(vmb_run_outcome_count(run).flaky, 1);
    ck_assert_uint_eq(vmb_run_outcome_count(run).skipped, 1);
    report_run_free(run);
}
END_TEST

START_TEST(must_run_makes_skips_failures)
{
    static const struct {
        const char *value; /* NULL: not set */
        int status;
    } cases[] = {
        {NULL, VMB_ERROR_SKIPPED}, {"", VMB_ERROR_SKIPPED}, {"0", VMB_ERROR_SKIPPED},
        {"1", VMB_ERROR_SETUP},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(VmbResult) result = vmb_result_new();

        g_unsetenv("VMBENCH_MUST_RUN");
        if (cases[i].value != NULL) {
            g_setenv("VMBENCH_MUST_RUN", cases[i].value, TRUE);
        }
        result->status = VMB_ERROR_SKIPPED;
        result->message = g_strdup("no KVM");
        vmb_result_must_run(result);
        ck_assert_int_eq(result->status, cases[i].status);
        ck_assert_ptr_nonnull(strstr(result->message, "no KVM"));
    }
}
END_TEST

START_TEST(must_run_leaves_other_results)
{
    g_autoptr(VmbResult) passed = vmb_result_new();
    g_autoptr(VmbResult) failed = vmb_result_new();

    g_setenv("VMBENCH_MUST_RUN", "1", TRUE);
    failed->status = VMB_ERROR_PANIC;
    vmb_result_must_run(passed);
    vmb_result_must_run(failed);
    ck_assert_int_eq(passed->status, 0);
    ck_assert_ptr_null(passed->message);
    ck_assert_int_eq(failed->status, VMB_ERROR_PANIC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reporter");
    TCase *cases = tcase_create("reporters");

    tcase_add_test(cases, all_are_told_all);
    tcase_add_test(cases, what_has_no_result_at_the_end_has_failed);
    tcase_add_test(cases, one_that_fails_stops_no_other);
    tcase_add_test(cases, the_first_failure_in_order_is_the_exit_status);
    tcase_add_test(cases, must_run_makes_skips_failures);
    tcase_add_test(cases, must_run_leaves_other_results);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
