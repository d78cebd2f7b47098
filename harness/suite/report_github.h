/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run on GitHub's runners: an annotation of the file and line that each failure is about, and a table on
 * the page of the job.
 */
#ifndef VMBENCH_REPORT_GITHUB_H
#define VMBENCH_REPORT_GITHUB_H

#include <stdio.h>

#include "reporter.h"

/* Whether this is such a runner: GITHUB_ACTIONS=true. */
gboolean vmb_report_github_wanted(void);

/*
 * Annotations on `out`, borrowed, at the end of the run; the table is appended to the file that
 * GITHUB_STEP_SUMMARY names. Paths are as seen from GITHUB_WORKSPACE. Free with vmb_reporter_free().
 */
VmbReporter *vmb_report_github_new(FILE *out);

#endif
