/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a run tells its user: a line for each step with its time, notes, tables, a verdict. On a
 * terminal a step shows as soon as it starts; colour is used there unless NO_COLOR is set. With TERM=dumb
 * there are plain lines. Everything also goes to vmbench.log in the run's log directory.
 */
#ifndef VMBENCH_REPORT_H
#define VMBENCH_REPORT_H

#include "config.h"

typedef struct VmbReport VmbReport;

/* `name` (a machine's) starts each line. NULL: VMB_ERROR_SETUP, the log cannot be written. */
VmbReport *vmb_report_new(const char *name, const char *log_dir, GError **error);
void vmb_report_free(VmbReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbReport, vmb_report_free)

/* Start a step. `key` names it in vmb_report_seconds(); both strings are not copied. */
void vmb_report_step(VmbReport *report, const char *key, const char *title);

/* End the step that was started last; `result` follows its time. */
void vmb_report_done(VmbReport *report, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The time of a step that ended, in seconds, or -1. */
double vmb_report_seconds(const VmbReport *report, const char *key);

/* Call back with each step that ended, in order. */
void vmb_report_each(const VmbReport *report,
                     void (*step)(gpointer data, const char *key, double seconds), gpointer data);

/* Text of several lines, shown as it is. */
void vmb_report_text(VmbReport *report, const char *text);

/* Text for the log alone. */
void vmb_report_log(VmbReport *report, const char *text);

/* QEMU's command line, for the log alone. */
void vmb_report_log_command(VmbReport *report, const VmbGuestConfig *config);

/*
 * The last line: passed in so many seconds, or, for an error, what happened and the path of the log
 * that explains it, as one line on standard error.
 */
void vmb_report_passed(VmbReport *report, double seconds);
void vmb_report_failed(VmbReport *report, const GError *error);

#endif
