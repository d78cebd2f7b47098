/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory example on one machine: boot, inside program with no handler, handler, inside
 * program again; both outputs and the handler's log are compared with fixtures/memory.
 */
#ifndef VMBENCH_MEMORY_EXAMPLE_H
#define VMBENCH_MEMORY_EXAMPLE_H

#include "alarm.h"
#include "report.h"
#include "settings.h"

typedef struct {
    const VmbSettings *settings;
    const VmbMachine *machine;
    const char *log_dir; /* exists */
    VmbAlarm *alarm;
    VmbReport *report;
} VmbRun;

/*
 * Run it all; everything is borrowed. The report gets the steps "boot", "inside-unclaimed",
 * "claim", "inside-handled", "outside" and "quit", the two tables, and on a mismatch the diff.
 * FALSE: any code of VmbErrorCode but VMB_ERROR_USAGE. No process is left either way.
 */
gboolean vmb_memory_example_run(const VmbRun *run, GError **error);

#endif
