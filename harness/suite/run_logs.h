/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory of a run, and those of runs before it. */
#ifndef VMBENCH_RUN_LOGS_H
#define VMBENCH_RUN_LOGS_H

#include "error.h"

/* Directories of runs that are kept when nobody says how many. */
#define VMB_KEEP_RUNS 20

typedef struct {
    char *path; /* absolute */
    int lock;   /* held as long as the run lasts: nobody else removes it */
} VmbRunLogs;

/*
 * Make LOGS/run-TIME-PID. Of the others in LOGS the newest keep - 1 stay, and those of runs that go on;
 * `keep` 0: all of them. NULL: VMB_ERROR_SETUP, it cannot be made. Free with vmb_run_logs_free(), which
 * removes a directory that is empty.
 */
VmbRunLogs *vmb_run_logs_new(const char *logs, guint keep, GError **error);
void vmb_run_logs_free(VmbRunLogs *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbRunLogs, vmb_run_logs_free)

#endif
