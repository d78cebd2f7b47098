/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent: serves the harness's requests (frame.h) on one line, in one thread. */
#ifndef AGENT_H
#define AGENT_H

#include "frame.h"

struct agent_config {
    int fd;            /* the line, non-blocking; -1 with a shell only */
    const char *shell; /* terminal under /dev to run an interactive shell on, or NULL */
    bool login;        /* ask for a login before the shell, and again after it */
    /* What a RESUME means for the guest, besides the nonce: called before READY answers it, also at
     * the first one, that of the boot. */
    void (*resumed)(const struct agent_resume *resume);
};

/*
 * Serve until the line is closed: for ever in a guest. The caller has SIGCHLD to spare;
 * the agent reaps every child of its process. Returns 0 when the other end closed the
 * line (or, without a line, when the shell ended), else negative errno. Programs that still
 * run are killed then.
 */
int agent_serve(const struct agent_config *config);

#endif
