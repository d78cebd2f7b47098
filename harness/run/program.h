/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a program in the guest that must succeed. */
#ifndef VMBENCH_PROGRAM_H
#define VMBENCH_PROGRAM_H

#include "guest_program.h"

/*
 * vmb_agent_link_run(), and an exit status other than 0 or a signal is an error too, as
 * vmb_program_result_check().
 */
VmbProgramResult *vmb_program_run(VmbAgentLink *link, const char *const *argv, guint ms,
                                  GError **error);

#endif
