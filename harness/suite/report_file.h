/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of a report: there in full at the end of a run, or not at all. */
#ifndef VMBENCH_REPORT_FILE_H
#define VMBENCH_REPORT_FILE_H

#include "error.h"

/*
 * Before a run: remove what an earlier one left at `path`, so that nobody takes its report for this run's,
 * and find out whether a file can be written there. FALSE: VMB_ERROR_SETUP, none can.
 */
gboolean vmb_report_file_prepare(const char *path, GError **error);

/* TRUE: they name one file, of which the second report would take the first one's place. */
gboolean vmb_report_file_is_same(const char *a, const char *b);

/* Write it. A pipe or a device is written to as it is. FALSE: VMB_ERROR_SETUP. */
gboolean vmb_report_file_write(const char *path, const char *text, GError **error);

#endif
