/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run as a file of JSON, for programs. docs/reports.md has its members. */
#ifndef VMBENCH_REPORT_JSON_H
#define VMBENCH_REPORT_JSON_H

#include "reporter.h"

/*
 * The file is removed now, and written at the end of the run. NULL: VMB_ERROR_SETUP, it cannot be written
 * there. Free with vmb_reporter_free().
 */
VmbReporter *vmb_report_json_new(const char *path, GError **error);

#endif
