/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each step of a scenario does. */
#ifndef VMBENCH_CASE_STEP_H
#define VMBENCH_CASE_STEP_H

#include "case_run.h"

/*
 * Do the step `index` of the scenario. FALSE: the verdict, a VmbErrorCode; the result has details,
 * file and line where they are known.
 */
gboolean vmb_case_step(VmbCaseRun *run, guint index, GError **error);

#endif
