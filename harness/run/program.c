/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"

VmbProgramResult *vmb_program_run(VmbAgentLink *link, const char *const *argv, guint ms,
                                  GError **error)
{
    g_autoptr(VmbProgramResult) result = vmb_agent_link_run(link, argv, ms, error);

    if (result == NULL || !vmb_program_result_check(result, argv[0], 0, error)) {
        return NULL;
    }
    return g_steal_pointer(&result);
}
