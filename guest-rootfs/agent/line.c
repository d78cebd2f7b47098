/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "line.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { RETRY_MS = 5 };

static int open_when_there(const char *path, int wait_ms)
{
    const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
    int fd;

    while ((fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) < 0 && wait_ms > 0) {
        nanosleep(&pause, NULL);
        wait_ms -= RETRY_MS;
    }
    return fd < 0 ? -errno : fd;
}

int line_open(const char *name, int wait_ms)
{
    char path[64];
    struct termios mode;
    int fd;

    if (snprintf(path, sizeof(path), "/dev/%s", name) >= (int)sizeof(path)) {
        return -ENAMETOOLONG;
    }
    fd = open_when_there(path, wait_ms);
    if (fd < 0) {
        return fd;
    }
    if (tcgetattr(fd, &mode) < 0) {
        goto fail;
    }
    cfmakeraw(&mode); /* the rate means nothing to an emulated line */
    mode.c_cflag |= CLOCAL | CREAD;
    mode.c_cflag &= ~(tcflag_t)(CRTSCTS | CSTOPB);
    if (tcsetattr(fd, TCSANOW, &mode) < 0 || ioctl(fd, TIOCEXCL) < 0) {
        goto fail;
    }
    return fd;

fail:
    wait_ms = -errno;
    close(fd);
    return wait_ms;
}

void line_init(struct line *line, int fd, uint64_t nonce)
{
    line->fd = fd;
    line->queued = 0;
    agent_parser_init(&line->parser, nonce);
}

void line_set_nonce(struct line *line, uint64_t nonce)
{
    line->parser.nonce = nonce;
}

bool line_has_room(const struct line *line, size_t n)
{
    return LINE_QUEUE - line->queued >=
           LINE_RESERVE + AGENT_FRAME_HEADER + n + AGENT_FRAME_TRAILER;
}

bool line_can_answer(const struct line *line)
{
    return LINE_QUEUE - line->queued >= LINE_RESERVE;
}

void line_send(struct line *line, const struct agent_frame *frame)
{
    struct agent_frame signed_frame = *frame;

    assert(LINE_QUEUE - line->queued >=
           AGENT_FRAME_HEADER + (size_t)frame->length + AGENT_FRAME_TRAILER);
    signed_frame.nonce = line->parser.nonce;
    line->queued += agent_frame_encode(&signed_frame, line->queue + line->queued);
}

int line_flush(struct line *line)
{
    ssize_t n;

    if (line->queued == 0) {
        return 0;
    }
    n = write(line->fd, line->queue, line->queued);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    line->queued -= (size_t)n;
    memmove(line->queue, line->queue + n, line->queued);
    return 0;
}

int line_read(struct line *line, void (*handle)(void *context, const struct agent_frame *frame),
              void *context)
{
    uint8_t bytes[AGENT_FRAME_PAYLOAD];
    struct agent_frame frame;
    ssize_t len = read(line->fd, bytes, sizeof(bytes));
    size_t used = 0;

    if (len < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    if (len == 0) {
        return -EPIPE;
    }
    while (used < (size_t)len) {
        used += agent_parser_feed(&line->parser, bytes + used, (size_t)len - used);
        while (agent_parser_next(&line->parser, &frame)) {
            handle(context, &frame);
        }
    }
    return 0;
}
