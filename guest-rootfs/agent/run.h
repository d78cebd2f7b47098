/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One program that the host asked for: its pipes, the input that waits for it, and how
 * it ended. It lives from run_start() until run_pump() has sent EXIT.
 */
#ifndef AGENT_RUN_H
#define AGENT_RUN_H

#include "line.h"

#include <sys/types.h>

struct run {
    bool active;
    bool ended;     /* reaped; `status` is right and `left` bounded */
    bool input_end; /* the host sent the end of input */
    uint32_t id;
    pid_t pid;
    int in;             /* write end of stdin, -1 when closed */
    int out[2];         /* read ends of stdout and stderr, -1 when closed */
    size_t left[2];     /* bytes of each still to send before EXIT */
    uint32_t taken;     /* input bytes to be acknowledged */
    size_t waiting;     /* input bytes in `input` */
    uint8_t input[AGENT_INPUT_WINDOW];
    struct agent_exit status;
};

/*
 * Start the program in a process group of its own. Returns 0, or a positive errno and
 * leaves *run inactive.
 */
int run_start(struct run *run, uint32_t id, const struct agent_run *what);

/* Host -> program. An empty input is its end; one above the window kills the program. */
void run_input(struct run *run, const uint8_t *bytes, size_t len);

/* Send a signal to the program's process group. */
void run_signal(const struct run *run, int number);

/* The program was reaped with this wait status. */
void run_reaped(struct run *run, int wait_status);

/*
 * Move what can be moved without blocking: input to the program, acknowledgements and at most
 * one frame of each stream to the line, EXIT when it is all over (the run is inactive then).
 */
void run_pump(struct run *run, struct line *line);

/* How a wait status reads on the wire. */
struct agent_exit run_exit_status(int wait_status);

#endif
