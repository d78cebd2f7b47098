/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run with one of each kind of result, as all tests of reporters see it; fixtures/reports/ has what each
 * of them makes of it, written by hand.
 */
#ifndef TESTS_REPORT_RUN_H
#define TESTS_REPORT_RUN_H

#include "reporter.h"

/* Go to /usr, where the files of the run seem to be, and begin it: no test has a result. */
VmbRunOutcome *report_run_new(void);
void report_run_free(VmbRunOutcome *run);

/* End the test with its result, and tell the reporter. */
void report_run_end_test(VmbRunOutcome *run, VmbReporter *reporter, guint index);

/*
 * All of the run, of which parallel tests end in another order than they began, and the last is not
 * reached. Returns what the reporter's end returns.
 */
gboolean report_run_tell(VmbRunOutcome *run, VmbReporter *reporter, GError **error);

/* Compare with fixtures/reports/NAME; a version of vmbench in `got` counts as "VERSION". */
void report_run_compare(const char *got, const char *name);

#endif
