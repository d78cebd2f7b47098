/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's end of the serial line: a parser for what comes in and a bounded
 * queue of frames that go out. One thread, no allocation.
 */
#ifndef AGENT_LINE_H
#define AGENT_LINE_H

#include "frame.h"

enum {
    LINE_QUEUE = 65536,   /* bytes of frames that wait for the line */
    LINE_RESERVE = 16384, /* of them kept free for answers to the host: twice what one
                             line_read() can ask for */
};

struct line {
    int fd;
    struct agent_parser parser;
    size_t queued;
    uint8_t queue[LINE_QUEUE];
};

/*
 * Open the terminal /dev/NAME raw: 8 bits, no echo, no flow control. Its driver may
 * still be probing, so wait for it up to `wait_ms` milliseconds. Nobody but root can open it
 * besides. Returns a file descriptor, non-blocking and closed on exec, that the caller owns, or
 * negative errno.
 */
int line_open(const char *name, int wait_ms);

/* Start on the non-blocking `fd`, which stays the caller's. */
void line_init(struct line *line, int fd, uint64_t nonce);

/*
 * Frames go out, and are accepted, under this nonce from now on. May be called while a frame is
 * handled; what is queued already keeps the old one.
 */
void line_set_nonce(struct line *line, uint64_t nonce);

/* True when `n` bytes of payload can be queued and the reserve stays untouched. */
bool line_has_room(const struct line *line, size_t n);

/* True when the reserve is free, so line_read() may be called. */
bool line_can_answer(const struct line *line);

/*
 * Queue a frame. The caller has asked line_has_room(), or answers a frame that came
 * after line_can_answer(); so there is room.
 */
void line_send(struct line *line, const struct agent_frame *frame);

/* Write as much of the queue as the line takes. Returns 0 or negative errno. */
int line_flush(struct line *line);

/*
 * Read once, at most AGENT_FRAME_PAYLOAD bytes, and call `handle` for each frame that is whole.
 * Returns 0, -EPIPE when the other end is closed, or negative errno.
 */
int line_read(struct line *line, void (*handle)(void *context, const struct agent_frame *frame),
              void *context);

#endif
