/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps that have to do with programs in guests, and with guests. Each returns FALSE with the verdict. */
#ifndef VMBENCH_CASE_PROGRAM_H
#define VMBENCH_CASE_PROGRAM_H

#include "case_run.h"

/* The RUN step `index`: its program, to its end unless it is for the background. */
gboolean vmb_case_run_program(VmbCaseRun *run, guint index, GError **error);

gboolean vmb_case_wait_program(VmbCaseRun *run, const VmbStep *step, GError **error);

/*
 * Behind the last step: judge the program that the RUN step `index` has started, which is there, if it has
 * ended, and end it if it has not.
 */
gboolean vmb_case_end_program(VmbCaseRun *run, guint index, GError **error);

/* To a program, or to a handler. */
gboolean vmb_case_send(VmbCaseRun *run, const VmbStep *step, GError **error);

gboolean vmb_case_reset(VmbCaseRun *run, const VmbStep *step, GError **error);

#endif
