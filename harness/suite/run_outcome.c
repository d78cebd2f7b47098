/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run_outcome.h"

static void outcome_free(VmbOutcome *outcome)
{
    g_clear_pointer(&outcome->result, vmb_result_free);
    g_free(outcome);
}

VmbRunOutcome *vmb_run_outcome_new(const GPtrArray *cases, const char *logs)
{
    VmbRunOutcome *run = g_new0(VmbRunOutcome, 1);

    run->outcomes = g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
    run->begin = g_get_monotonic_time();
    run->date = g_get_real_time();
    run->logs = g_strdup(logs);
    for (guint i = 0; i < cases->len; i++) {
        VmbOutcome *outcome = g_new0(VmbOutcome, 1);

        outcome->test = g_ptr_array_index(cases, i);
        g_ptr_array_add(run->outcomes, outcome);
    }
    return run;
}

void vmb_run_outcome_free(VmbRunOutcome *run)
{
    g_ptr_array_unref(run->outcomes);
    g_free(run->logs);
    g_free(run);
}

VmbOutcome *vmb_run_outcome_at(const VmbRunOutcome *run, guint index)
{
    return g_ptr_array_index(run->outcomes, index);
}

VmbCounts vmb_run_outcome_count(const VmbRunOutcome *run)
{
    VmbCounts counts = {0};

    for (guint i = 0; i < run->outcomes->len; i++) {
        const VmbResult *result = vmb_run_outcome_at(run, i)->result;

        if (result == NULL) {
            continue;
        }
        counts.failed += vmb_result_failed(result);
        counts.flaky += vmb_result_is_flaky(result);
        counts.passed += result->status == 0 && !vmb_result_is_flaky(result);
        counts.skipped += result->status == VMB_ERROR_SKIPPED;
    }
    return counts;
}

gboolean vmb_outcome_complete(VmbOutcome *outcome)
{
    if (outcome->result != NULL) {
        return FALSE;
    }
    outcome->result = vmb_result_new();
    outcome->result->status = VMB_ERROR_INTERRUPTED;
    outcome->result->message = g_strdup(outcome->started != 0
                                            ? "the run ended before this test did"
                                            : "not reached: the run ended before");
    if (outcome->started != 0) {
        outcome->result->seconds =
            (double)(g_get_monotonic_time() - outcome->started) / G_USEC_PER_SEC;
    }
    return TRUE;
}

int vmb_run_outcome_status(const VmbRunOutcome *run)
{
    for (guint i = 0; i < run->outcomes->len; i++) {
        const VmbResult *result = vmb_run_outcome_at(run, i)->result;

        if (vmb_result_failed(result)) {
            return result->status;
        }
    }
    return 0;
}
