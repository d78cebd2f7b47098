/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run.h"

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* Pipes for stdin, stdout and stderr; the child's ends in child[]. Returns 0 or errno. */
static int open_pipes(struct run *run, int child[3])
{
    int *const ours[3] = {&run->in, &run->out[0], &run->out[1]};

    for (int i = 0; i < 3; i++) {
        int ends[2];
        int mine = i == 0 ? 1 : 0;

        if (pipe2(ends, O_CLOEXEC) < 0) {
            return errno;
        }
        *ours[i] = ends[mine];
        child[i] = ends[1 - mine];
        if (fcntl(ends[mine], F_SETFL, O_NONBLOCK) < 0) {
            return errno;
        }
    }
    return 0;
}

static void close_pipes(struct run *run)
{
    close_fd(&run->in);
    close_fd(&run->out[0]);
    close_fd(&run->out[1]);
}

int run_start(struct run *run, uint32_t id, const struct agent_run *what)
{
    int child[3] = {-1, -1, -1};
    int error;

    memset(run, 0, offsetof(struct run, input));
    run->in = run->out[0] = run->out[1] = -1;
    error = open_pipes(run, child);
    if (error == 0) {
        error = child_program(what, child, &run->pid);
    }
    for (int i = 0; i < 3; i++) {
        close_fd(&child[i]);
    }
    if (error != 0) {
        close_pipes(run);
        return error;
    }
    run->id = id;
    run->left[0] = run->left[1] = SIZE_MAX;
    run->active = true;
    return 0;
}

void run_signal(const struct run *run, int number)
{
    /* Once reaped, the number may belong to a stranger. */
    if (!run->ended) {
        kill(-run->pid, number);
    }
}

void run_input(struct run *run, const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        run->input_end = true;
    } else if (run->in < 0) {
        run->taken += (uint32_t)len;
    } else if (len > AGENT_INPUT_WINDOW - run->waiting) {
        run_signal(run, SIGKILL);
    } else {
        memcpy(run->input + run->waiting, bytes, len);
        run->waiting += len;
    }
}

struct agent_exit run_exit_status(int wait_status)
{
    if (WIFSIGNALED(wait_status)) {
        return (struct agent_exit){AGENT_EXIT_SIGNALLED, (uint32_t)WTERMSIG(wait_status)};
    }
    return (struct agent_exit){AGENT_EXIT_EXITED, (uint32_t)WEXITSTATUS(wait_status)};
}

void run_reaped(struct run *run, int wait_status)
{
    run->ended = true;
    run->status = run_exit_status(wait_status);
    close_fd(&run->in);
    for (int i = 0; i < 2; i++) {
        int bytes = 0;

        /* Only what is in the pipe now: a process left behind may write for ever. */
        if (run->out[i] >= 0 && ioctl(run->out[i], FIONREAD, &bytes) == 0) {
            run->left[i] = (size_t)bytes;
        } else {
            run->left[i] = 0;
        }
    }
}

static void pump_input(struct run *run)
{
    if (run->in >= 0 && run->waiting > 0) {
        ssize_t n = write(run->in, run->input, run->waiting);

        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            close_fd(&run->in);
            n = (ssize_t)run->waiting;
        }
        if (n > 0) {
            run->taken += (uint32_t)n;
            run->waiting -= (size_t)n;
            memmove(run->input, run->input + n, run->waiting);
        }
    }
    if (run->input_end && run->waiting == 0) {
        close_fd(&run->in);
    }
}

static void send_taken(struct run *run, struct line *line)
{
    uint8_t payload[4];

    if (run->taken > 0 && line_has_room(line, sizeof(payload))) {
        agent_u32_encode(run->taken, payload);
        line_send(line, &(struct agent_frame){.type = AGENT_INPUT_ACK, .id = run->id,
                                              .length = sizeof(payload), .payload = payload});
        run->taken = 0;
    }
}

static void pump_output(struct run *run, struct line *line, int i)
{
    uint8_t bytes[AGENT_FRAME_PAYLOAD];
    size_t want = run->left[i] < sizeof(bytes) ? run->left[i] : sizeof(bytes);
    ssize_t n;

    if (run->out[i] < 0 || want == 0 || !line_has_room(line, want)) {
        return;
    }
    n = read(run->out[i], bytes, want);
    if (n > 0) {
        line_send(line, &(struct agent_frame){.type = AGENT_OUTPUT, .stream = (uint8_t)(i + 1),
                                              .id = run->id, .length = (uint16_t)n,
                                              .payload = bytes});
        if (run->ended) {
            run->left[i] -= (size_t)n;
        }
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_fd(&run->out[i]);
        run->left[i] = 0;
    }
}

static void send_exit(struct run *run, struct line *line)
{
    uint8_t payload[AGENT_EXIT_LENGTH];

    if (line_has_room(line, sizeof(payload))) {
        agent_exit_encode(&run->status, payload);
        line_send(line, &(struct agent_frame){.type = AGENT_EXIT, .id = run->id,
                                              .length = sizeof(payload), .payload = payload});
        close_pipes(run);
        run->active = false;
    }
}

void run_pump(struct run *run, struct line *line)
{
    pump_input(run);
    send_taken(run, line);
    pump_output(run, line, 0);
    pump_output(run, line, 1);
    if (run->ended && run->left[0] == 0 && run->left[1] == 0) {
        send_exit(run, line);
    }
}
