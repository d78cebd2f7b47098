/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that programs have left behind, in the background or as daemons: they become children of this
 * process, which can end them. One thread; needs /proc.
 */
#ifndef AGENT_ORPHANS_H
#define AGENT_ORPHANS_H

#include <stdbool.h>
#include <sys/types.h>

/* From now on orphans among this process's descendants are its children. Returns 0 or negative errno. */
int orphans_adopt(void);

/* Whether this process has children other than `spared` (0: none is). */
bool orphans_exist(pid_t spared);

/* SIGKILL for all children but `spared`. Theirs are children of this process when they are reaped. */
void orphans_kill(pid_t spared);

#endif
