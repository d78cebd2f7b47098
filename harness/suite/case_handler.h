/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps that have to do with handlers. Each returns FALSE with the verdict. */
#ifndef VMBENCH_CASE_HANDLER_H
#define VMBENCH_CASE_HANDLER_H

#include "case_words.h"

gboolean vmb_case_start(VmbCaseRun *run, const VmbStep *step, GError **error);
gboolean vmb_case_stop(VmbCaseRun *run, const VmbStep *step, GError **error);
gboolean vmb_case_kill(VmbCaseRun *run, const VmbStep *step, GError **error);
gboolean vmb_case_restart(VmbCaseRun *run, const VmbStep *step, GError **error);
gboolean vmb_case_claim(VmbCaseRun *run, const VmbStep *step, GError **error);
gboolean vmb_case_wait_handler(VmbCaseRun *run, const VmbStep *step, GError **error);
gboolean vmb_case_release(VmbCaseRun *run, const VmbStep *step, GError **error);
gboolean vmb_case_output(VmbCaseRun *run, const VmbStep *step, GError **error);

/* Its logs at its `start`-th start, from 1, are this with .log and .err behind it. Free with g_free(). */
char *vmb_case_handler_log(const VmbScenarioHandler *handler, guint start);

/* Its command line, as it is started. Free with g_strfreev(). */
char **vmb_case_handler_command(const VmbScenario *scenario, const VmbScenarioHandler *handler,
                                const VmbCaseWords *words);

/* What is added to the environment, NAME=VALUE: the way to the Python module too. Likewise. */
char **vmb_case_handler_environment(const VmbScenarioHandler *handler, const VmbCaseWords *words);

/*
 * Stop those that still run behind the last step. Each handler's output has to be what the last `output`
 * step of its run said that it is, here as behind steps that end it.
 */
gboolean vmb_case_stop_handlers(VmbCaseRun *run, GError **error);

/*
 * The handler that the step is about. NULL: VMB_ERROR_SETUP, it was not started, or was stopped before:
 * a mistake of the scenario. Borrowed.
 */
VmbHandler *vmb_case_handler(VmbCaseRun *run, const VmbStep *step, GError **error);

#endif
