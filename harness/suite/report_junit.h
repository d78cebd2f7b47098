/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run as a file of JUnit XML, which continuous integration reads. docs/reports.md has its form. */
#ifndef VMBENCH_REPORT_JUNIT_H
#define VMBENCH_REPORT_JUNIT_H

#include "reporter.h"

/*
 * The file is removed now, and written at the end of the run. NULL: VMB_ERROR_SETUP, it cannot be written
 * there. Free with vmb_reporter_free().
 */
VmbReporter *vmb_report_junit_new(const char *path, GError **error);

#endif
