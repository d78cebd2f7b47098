/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which program a handler of a scenario is. */
#ifndef VMBENCH_HANDLER_PROGRAM_H
#define VMBENCH_HANDLER_PROGRAM_H

#include "scenario.h"

/*
 * The program's path: a file of the scenario's directory, one of the bench's own handlers, or as it is, for
 * PATH. Whether it is there is for vmb_handler_program_check(). Free with g_free().
 */
char *vmb_handler_program(const VmbScenario *scenario, const char *program);

/* True when an interpreter has to run it: a Python program that is not executable. */
gboolean vmb_handler_program_is_python(const char *path);

/* FALSE: VMB_ERROR_SETUP, with file and line, no handler can be started that way. */
gboolean vmb_handler_program_check(const VmbScenario *scenario, const VmbScenarioHandler *handler,
                                   GError **error);

#endif
