/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for something that a guest is to do, and finding out why it does not come: the program
 * hangs, the kernel does, or both wait for somebody else. Main thread only.
 */
#ifndef VMBENCH_AGENT_WATCH_H
#define VMBENCH_AGENT_WATCH_H

#include "agent_link.h"

/*
 * Wait up to `ms` (before scaling; 0: for ever, and the agent is not looked after) until
 * condition(data) holds. Meanwhile the agent is asked every second whether it lives. FALSE:
 * - the alarm's error;
 * - VMB_ERROR_KERNEL_HANG, which the alarm is raised with: the agent was silent for 10 s, or for
 *   2 s after the time was over (both before scaling), and nothing excuses it; or the time is over
 *   and the kernel has reported a lockup meanwhile;
 * - VMB_ERROR_PROGRAM_TIMEOUT, the time is over, and the kernel lives or is excused. The message
 *   is `what`, such as "prog did not end in time", a colon, and why or what to do.
 */
gboolean vmb_agent_link_wait(VmbAgentLink *link, VmbCondition condition, gpointer data, guint ms,
                             const char *what, GError **error);

/*
 * Hear from the agent, so that all that it has sent before is there. TRUE, too, when something excuses
 * its silence, which is asked for after half a second, and at once when there are no limits. FALSE: the
 * alarm's error, or VMB_ERROR_KERNEL_HANG, which the alarm is raised with: it was silent for 10 s (times
 * before scaling).
 */
gboolean vmb_agent_link_hear(VmbAgentLink *link, GError **error);

/* The program has ended: has the kernel something to say about it? FALSE: the alarm's error. */
gboolean vmb_agent_link_settle(VmbAgentLink *link, GError **error);

#endif
