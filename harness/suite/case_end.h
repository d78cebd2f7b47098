/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done, and looked at, behind the last step of a test. */
#ifndef VMBENCH_CASE_END_H
#define VMBENCH_CASE_END_H

#include "case_run.h"

/*
 * End what the test has started, and hear the last word of all who took part. FALSE: the verdict, a
 * VmbErrorCode; the result has the step that it is about.
 */
gboolean vmb_case_end(VmbCaseRun *run, GError **error);

#endif
