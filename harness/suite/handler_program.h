/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which program a handler is, and what it is started with: in scenarios and in tests in C alike. */
#ifndef VMBENCH_HANDLER_PROGRAM_H
#define VMBENCH_HANDLER_PROGRAM_H

#include "scenario.h"

/*
 * The command of a handler; command[0] is a path, relative to `directory` (NULL: the current one), else a
 * file of that directory unless it is NULL, one of the bench's own handlers, or as it is, for PATH. A file
 * *.py that is not executable is run by Python. `endpoint` is the last argument; NULL: the command has it.
 * Whether the program is there is for vmb_handler_program_check(). Free with g_strfreev().
 */
char **vmb_handler_argv(const char *directory, char **command, const char *endpoint);

/* `own` (may be NULL), with the Python module of this build in reach. Free with g_strfreev(). */
char **vmb_handler_environment(char **own);

/* FALSE: VMB_ERROR_SETUP, with file and line, no handler can be started that way. */
gboolean vmb_handler_program_check(const VmbScenario *scenario, const VmbScenarioHandler *handler,
                                   GError **error);

#endif
