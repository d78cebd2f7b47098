/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a whole run: a result for each of its tests. */
#ifndef VMBENCH_RUN_OUTCOME_H
#define VMBENCH_RUN_OUTCOME_H

#include "case.h"
#include "result.h"

/* One test's way through a run. */
typedef struct {
    const VmbCase *test;
    gint64 started;    /* g_get_monotonic_time(), 0: never */
    VmbResult *result; /* NULL until it has ended; in the end every test has one */
} VmbOutcome;

typedef struct {
    GPtrArray *outcomes; /* of VmbOutcome, in the order of the cases */
    gint64 begin;        /* g_get_monotonic_time() */
    gint64 date;         /* the same moment by g_get_real_time() */
    double seconds;      /* of the whole run, set at its end */
    char *logs;          /* directory of the run */
} VmbRunOutcome;

typedef struct {
    guint passed; /* without the flaky ones */
    guint failed;
    guint flaky;
    guint skipped;
} VmbCounts;

/* A run of these cases, borrowed, that begins now. Free with vmb_run_outcome_free(). */
VmbRunOutcome *vmb_run_outcome_new(const GPtrArray *cases, const char *logs);
void vmb_run_outcome_free(VmbRunOutcome *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbRunOutcome, vmb_run_outcome_free)

/* The outcome of a test, by its place in the order of the cases. Borrowed. */
VmbOutcome *vmb_run_outcome_at(const VmbRunOutcome *run, guint index);

/* Results so far. */
VmbCounts vmb_run_outcome_count(const VmbRunOutcome *run);

/* Give a test that has no result one: interrupted. Returns whether it had none. */
gboolean vmb_outcome_complete(VmbOutcome *outcome);

/*
 * The exit status of a run in which every test has a result: 0, nothing failed; else the status of the
 * first test that did, in the order of the cases.
 */
int vmb_run_outcome_status(const VmbRunOutcome *run);

#endif
