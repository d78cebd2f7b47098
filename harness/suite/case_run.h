/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test from its first step to its verdict. Main thread only. */
#ifndef VMBENCH_CASE_RUN_H
#define VMBENCH_CASE_RUN_H

#include "conduct.h"
#include "guest_program.h"
#include "handler.h"
#include "stream_log.h"
#include "testbed.h"
#include "transcript.h"

/* A test under way, for the steps. */
typedef struct {
    const VmbRunOptions *options;
    VmbTestbed *bed;
    const VmbCase *test;
    VmbResult *result;
    const char *logs;      /* directory of the test */
    gint64 begin;          /* of its steps, g_get_real_time() */
    goffset qemu_said;     /* bytes of QEMU's log that were there before them */
    GPtrArray *programs;   /* of VmbProgram, by step; NULL: none, or it has been judged */
    GPtrArray *handlers;   /* of VmbHandler, by handler; NULL: it does not run */
    GPtrArray *guests;     /* of VmbGuest, by guest of the scenario */
    GPtrArray *configs;    /* of VmbGuestConfig, theirs */
    guint *starts;         /* of each handler so far */
    gboolean *stopped;     /* each handler that a step has ended, and none has started since */
    const VmbStep **outputs; /* of each handler's run the last look at its output; NULL: none */
    VmbStreamLog *streams; /* of programs and handlers; NULL: it has not begun */
    VmbTranscript *transcript; /* NULL: likewise */
    char *lost;            /* why its logs are not whole; NULL: they are */
    VmbConduct *conduct;   /* of handlers before this test; NULL: likewise */
    const VmbScenarioRange *awaited; /* whose claim a step awaits or has awaited in vain; NULL: none */
} VmbCaseRun;

/*
 * Run it on the testbed, in the directory `logs`, which is made and, when it passes, removed. The result
 * says all; NULL: never. Free with vmb_result_free(). A failure leaves the testbed without a guest.
 */
VmbResult *vmb_case_run(const VmbRunOptions *options, VmbTestbed *bed, const VmbCase *test,
                        const char *logs);

/* Whether all have kept to the rules so far. `unclaimed` and FALSE: as of vmb_conduct_check(). */
gboolean vmb_case_check_conduct(const VmbCaseRun *run, const VmbScenarioRange *unclaimed,
                                GError **error);

#endif
