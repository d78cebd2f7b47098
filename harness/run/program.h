/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a program in the guest that must succeed. */
#ifndef VMBENCH_PROGRAM_H
#define VMBENCH_PROGRAM_H

#include "agent_link.h"

/*
 * vmb_agent_link_run(), and an exit status other than 0 or a signal is an error too:
 * VMB_ERROR_PROGRAM_FAILED, with how it ended and the last line of its standard error.
 */
VmbProgramResult *vmb_program_run(VmbAgentLink *link, const char *const *argv, guint ms,
                                  GError **error);

#endif
