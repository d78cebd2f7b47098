/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"

#include <string.h>

/* "exit status 1: its last words", "signal 7 (Bus error)". */
static char *end_text(const VmbProgramResult *result)
{
    g_autofree char *err = g_utf8_make_valid(result->err->str, -1);
    const char *newline = strrchr(g_strchomp(err), '\n');
    const char *words = newline != NULL ? newline + 1 : err;
    g_autofree char *how =
        result->exited
            ? g_strdup_printf("exit status %u", result->value)
            : g_strdup_printf("signal %u (%s)", result->value, strsignal((int)result->value));

    return g_strdup_printf("%s%s%s", how, words[0] != '\0' ? ": " : "", words);
}

VmbProgramResult *vmb_program_run(VmbAgentLink *link, const char *const *argv, guint ms,
                                  GError **error)
{
    g_autoptr(VmbProgramResult) result = vmb_agent_link_run(link, argv, ms, error);

    if (result == NULL || (result->exited && result->value == 0)) {
        return g_steal_pointer(&result);
    }
    g_autofree char *end = end_text(result);

    g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_FAILED,
                "%s in the guest ended with %s: try it in `vmbench shell`", argv[0], end);
    return NULL;
}
