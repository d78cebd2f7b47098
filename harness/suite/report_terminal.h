/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run for people. On a terminal there are lines at the bottom that say what runs now, and colour unless
 * NO_COLOR is set; elsewhere, and with TERM=dumb, there are plain lines.
 */
#ifndef VMBENCH_REPORT_TERMINAL_H
#define VMBENCH_REPORT_TERMINAL_H

#include <stdio.h>

#include "reporter.h"

/* Lines on `out`, borrowed. Free with vmb_reporter_free(). */
VmbReporter *vmb_report_terminal_new(FILE *out);

#endif
