/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting processes: a program on three pipes, the shell on the console. */
#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H

#include "frame.h"

#include <sys/types.h>

/*
 * Start a program in a process group of its own with `fds` as stdin, stdout and stderr,
 * which stay the caller's. Returns 0 and sets *pid, or a positive errno; that of exec
 * included.
 */
int child_program(const struct agent_run *what, const int fds[3], pid_t *pid);

/*
 * Start an interactive /bin/sh, or /bin/login in front of one, as leader of a session of its own,
 * whose controlling terminal is /dev/NAME. Returns 0 and sets *pid, or a positive errno.
 */
int child_shell(const char *name, bool login, pid_t *pid);

#endif
