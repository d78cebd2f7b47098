/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run as TAP, the Test Anything Protocol: version 13, as Perl's prove complains about 14, whose readers
 * take 13. docs/reports.md has its form.
 */
#ifndef VMBENCH_REPORT_TAP_H
#define VMBENCH_REPORT_TAP_H

#include <stdio.h>

#include "reporter.h"

/*
 * Lines on `out`, borrowed, in the order of the plan, whatever the order in which tests end. Free with
 * vmb_reporter_free().
 */
VmbReporter *vmb_report_tap_new(FILE *out);

#endif
