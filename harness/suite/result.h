/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of one test: a scenario on one machine. */
#ifndef VMBENCH_RESULT_H
#define VMBENCH_RESULT_H

#include <json-glib/json-glib.h>

#include "error.h"

typedef struct VmbResult VmbResult;

/* Where the seconds of `boot` went, see VmbSnapshotReport; 0: not at all. */
typedef struct {
    double prepare, start, load, agent; /* restored */
    double boot, save;                  /* booted; saved for later runs */
    double failed;                      /* lost on a snapshot that was no good */
} VmbBootPhases;

struct VmbResult {
    int status;        /* 0: passed; a VmbErrorCode */
    char *message;     /* one line; NULL when it passed */
    char *details;     /* lines to read: a diff, the end of a log; NULL: none */
    char *step;        /* the step that failed; NULL: none */
    char *file;        /* where to look: the scenario's file or a fixture; NULL: nowhere */
    guint line;        /* in it, from 1; 0: all of it */
    double seconds;    /* from begin to end, the boot too */
    double boot;       /* seconds until the guest was there; 0: it was there before */
    VmbBootPhases phases;
    gboolean restored; /* it came from a snapshot */
    guint attempts;    /* 1, unless it was tried again */
    char *logs;        /* directory; NULL: nothing was kept */
    char *note;        /* one line that is no failure, "the snapshot is damaged: ..."; NULL: none */
    VmbResult *before; /* of the attempt before this one, a failure; NULL: this is the first */
};

VmbResult *vmb_result_new(void);
void vmb_result_free(VmbResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbResult, vmb_result_free)

/* Make it a failure for this reason; an error of another domain is bad set-up. */
void vmb_result_fail(VmbResult *result, const GError *error);

/* Add to its note, behind a semicolon when it has one. */
void vmb_result_add_note(VmbResult *result, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Say that it is one more attempt after `before`, which is taken. Once for a result. */
void vmb_result_retried(VmbResult *result, VmbResult *before);

/*
 * A test that was skipped did not fail, unless VMBENCH_MUST_RUN is set (to anything but nothing or 0):
 * then make it a failure, bad set-up, that says why it was skipped. For each result, once. Any thread.
 */
void vmb_result_must_run(VmbResult *result);

/* Neither passed nor skipped. */
gboolean vmb_result_failed(const VmbResult *result);

/*
 * It passed, but not at once. Reports call that FLAKY, and so does nobody take it for a pass in
 * good order.
 */
gboolean vmb_result_is_flaky(const VmbResult *result);

/* "pass", "flaky", or the name of the verdict as in `vmb_verdict_name()`. Static storage. */
const char *vmb_result_verdict(const VmbResult *result);

/* As an object, and back; members as docs/reports.md has them. NULL: it is no such object. */
JsonObject *vmb_result_to_json(const VmbResult *result);
VmbResult *vmb_result_from_json(JsonObject *object);

#endif
