/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reporter.h"

void vmb_reporter_free(VmbReporter *reporter)
{
    reporter->calls->free(reporter);
}

GPtrArray *vmb_reporters_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)vmb_reporter_free);
}

/* Call NAME of each reporter that has it. */
#define TELL(reporters, name, ...)                                                                 \
    for (guint tell = 0; tell < (reporters)->len; tell++) {                                        \
        VmbReporter *reporter = g_ptr_array_index(reporters, tell);                                \
                                                                                                   \
        if (reporter->calls->name != NULL) {                                                       \
            reporter->calls->name(reporter, __VA_ARGS__);                                          \
        }                                                                                          \
    }

void vmb_reporters_begin(const GPtrArray *reporters, const VmbRunOutcome *run)
{
    TELL(reporters, begin, run);
}

void vmb_reporters_started(const GPtrArray *reporters, const VmbRunOutcome *run, guint index)
{
    TELL(reporters, started, run, index);
}

void vmb_reporters_note(const GPtrArray *reporters, const VmbRunOutcome *run, gint index,
                        const char *text)
{
    TELL(reporters, note, run, index, text);
}

void vmb_reporters_ended(const GPtrArray *reporters, const VmbRunOutcome *run, guint index)
{
    TELL(reporters, ended, run, index);
}

void vmb_reporters_tick(const GPtrArray *reporters, const VmbRunOutcome *run)
{
    TELL(reporters, tick, run);
}

gboolean vmb_reporters_end(const GPtrArray *reporters, VmbRunOutcome *run, GError **error)
{
    gboolean ok = TRUE;

    run->seconds = (double)(g_get_monotonic_time() - run->begin) / G_USEC_PER_SEC;
    for (guint i = 0; i < run->outcomes->len; i++) {
        if (vmb_outcome_complete(vmb_run_outcome_at(run, i))) {
            vmb_reporters_ended(reporters, run, i);
        }
    }
    for (guint i = 0; i < reporters->len; i++) {
        VmbReporter *reporter = g_ptr_array_index(reporters, i);

        if (reporter->calls->end != NULL) {
            ok = reporter->calls->end(reporter, run, ok ? error : NULL) && ok;
        }
    }
    return ok;
}
