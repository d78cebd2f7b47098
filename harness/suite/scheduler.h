/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives tests to workers (worker.h), and tells the reporters what becomes of them. Main thread only. */
#ifndef VMBENCH_SCHEDULER_H
#define VMBENCH_SCHEDULER_H

#include "alarm.h"
#include "reporter.h"
#include "run_options.h"

/*
 * Run all cases of `options`. `argv` is what a worker is started with, this program first. Each outcome of
 * `run` has a result in the end, also when the alarm is raised (by a signal) before. `reporters`:
 * of VmbReporter. FALSE: VMB_ERROR_SETUP, no worker can be started.
 */
gboolean vmb_scheduler_run(const VmbRunOptions *options, const char *const *argv,
                           VmbRunOutcome *run, const GPtrArray *reporters, VmbAlarm *alarm,
                           GError **error);

#endif
