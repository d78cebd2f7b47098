/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells the user of a run as it goes on: lines on a terminal, TAP, and the files that are written at
 * its end. All reporters hear of everything, in the order in which it happens. Main thread only.
 */
#ifndef VMBENCH_REPORTER_H
#define VMBENCH_REPORTER_H

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
    double seconds;      /* of the whole run, set at its end */
    const char *logs;    /* directory of the run */
} VmbRunOutcome;

typedef struct VmbReporter VmbReporter;

/* The calls of a reporter; each may be NULL. `self` is the reporter. */
typedef struct {
    void (*begin)(VmbReporter *self, const VmbRunOutcome *run);
    void (*started)(VmbReporter *self, const VmbRunOutcome *run, guint index);
    /* One line about the run, or about the test `index` (-1: none), that is no verdict. */
    void (*note)(VmbReporter *self, const VmbRunOutcome *run, gint index, const char *text);
    void (*ended)(VmbReporter *self, const VmbRunOutcome *run, guint index);
    /* FALSE: VMB_ERROR_SETUP, a file cannot be written. */
    gboolean (*end)(VmbReporter *self, const VmbRunOutcome *run, GError **error);
    void (*free)(VmbReporter *self);
} VmbReporterCalls;

/* Each kind has one of these at its beginning. */
struct VmbReporter {
    const VmbReporterCalls *calls;
};

#endif
