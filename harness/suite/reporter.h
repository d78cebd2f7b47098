/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells the user of a run as it goes on: lines on a terminal, TAP, and the files that are written at
 * its end. All reporters hear of everything, in the order in which it happens. Main thread only.
 */
#ifndef VMBENCH_REPORTER_H
#define VMBENCH_REPORTER_H

#include "run_outcome.h"

typedef struct VmbReporter VmbReporter;

/* The calls of a reporter; each but `free` may be NULL. `self` is the reporter. */
typedef struct {
    void (*begin)(VmbReporter *self, const VmbRunOutcome *run);
    void (*started)(VmbReporter *self, const VmbRunOutcome *run, guint index);
    /* One line about the run, or about the test `index` (-1: none), that is no verdict. */
    void (*note)(VmbReporter *self, const VmbRunOutcome *run, gint index, const char *text);
    void (*ended)(VmbReporter *self, const VmbRunOutcome *run, guint index);
    /* Time has passed, about a tenth of a second since the last call. */
    void (*tick)(VmbReporter *self, const VmbRunOutcome *run);
    /* FALSE: VMB_ERROR_SETUP, a file cannot be written. */
    gboolean (*end)(VmbReporter *self, const VmbRunOutcome *run, GError **error);
    void (*free)(VmbReporter *self);
} VmbReporterCalls;

/* Each kind has one of these at its beginning. */
struct VmbReporter {
    const VmbReporterCalls *calls;
};

void vmb_reporter_free(VmbReporter *reporter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbReporter, vmb_reporter_free)

/* An empty list of reporters, which takes those that are added. Free with g_ptr_array_unref(). */
GPtrArray *vmb_reporters_new(void);

/* Tell all of them. A test has ended when its outcome has a result. */
void vmb_reporters_begin(const GPtrArray *reporters, const VmbRunOutcome *run);
void vmb_reporters_started(const GPtrArray *reporters, const VmbRunOutcome *run, guint index);
void vmb_reporters_note(const GPtrArray *reporters, const VmbRunOutcome *run, gint index,
                        const char *text);
void vmb_reporters_ended(const GPtrArray *reporters, const VmbRunOutcome *run, guint index);
void vmb_reporters_tick(const GPtrArray *reporters, const VmbRunOutcome *run);

/*
 * The run is over, whatever ended it: run->seconds is set, and a test that has no result fails as
 * interrupted, which all are told. Each reporter then has its end, also after another's failed. FALSE:
 * VMB_ERROR_SETUP, the first failure.
 */
gboolean vmb_reporters_end(const GPtrArray *reporters, VmbRunOutcome *run, GError **error);

#endif
