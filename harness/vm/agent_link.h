/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The harness's end of the results line: runs programs in the guest through its
 * agent. The protocol is guest-rootfs/agent/frame.h. Main thread only.
 */
#ifndef VMBENCH_AGENT_LINK_H
#define VMBENCH_AGENT_LINK_H

#include "alarm.h"

typedef struct VmbAgentLink VmbAgentLink;

/* Most bytes of a program's stdout and stderr together that are kept. */
#define VMB_OUTPUT_MAX (16u * 1024 * 1024)

/* What a program in the guest did. */
typedef struct {
    GString *out;    /* standard output */
    GString *err;    /* standard error */
    gboolean exited; /* TRUE: by exit(value); FALSE: killed by signal number value */
    guint value;
} VmbProgramResult;

void vmb_program_result_free(VmbProgramResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbProgramResult, vmb_program_result_free)

/*
 * Owns fd, a connected socket whose other end is the guest's serial line. `nonce`
 * is the one on the guest's command line. An agent that starts twice, or speaks another
 * version, raises the alarm with VMB_ERROR_PROTOCOL. Free with vmb_agent_link_free().
 */
VmbAgentLink *vmb_agent_link_new(int fd, guint64 nonce, VmbAlarm *alarm);
void vmb_agent_link_free(VmbAgentLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbAgentLink, vmb_agent_link_free)

/*
 * Wait up to `ms` (before scaling) for the agent. FALSE: VMB_ERROR_BOOT_TIMEOUT or the alarm's.
 * No PING is needed: READY cannot get lost, because the line is connected before QEMU starts.
 */
gboolean vmb_agent_link_wait_ready(VmbAgentLink *link, guint ms, GError **error);
gboolean vmb_agent_link_is_ready(const VmbAgentLink *link);

/* From now on the agent may start again: the user reboots the guest. */
void vmb_agent_link_allow_restart(VmbAgentLink *link);

/*
 * Run a program, looked up on the guest's PATH, with empty standard input, and wait
 * up to `ms` (before scaling) for its end. One at a time. NULL: VMB_ERROR_PROGRAM_MISSING, the
 * guest cannot execute it; VMB_ERROR_PROGRAM_TIMEOUT, it is killed; VMB_ERROR_PROGRAM_FAILED,
 * it wrote more than VMB_OUTPUT_MAX and is killed; VMB_ERROR_SETUP, argv is too long; or the
 * alarm's.
 * A program that exits nonzero or is killed is a result, not an error.
 */
VmbProgramResult *vmb_agent_link_run(VmbAgentLink *link, const char *const *argv, guint ms,
                                     GError **error);

/* TRUE when the guest's interactive shell has ended. */
gboolean vmb_agent_link_shell_ended(const VmbAgentLink *link);

#endif
