/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_host.h"

#include "agent.h"

#include <check.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int line_fd;
static pid_t agent_pid;
static uint64_t agent_nonce; /* of frames to it and from it */
static struct agent_parser parser;
static uint8_t pending[4096]; /* read and not yet fed */
static size_t pending_at, pending_len;

struct agent_got agent_got;

void agent_send_bytes(const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(line_fd, bytes, len);

        ck_assert_int_gt(n, 0);
        bytes += n;
        len -= (size_t)n;
    }
}

void agent_send(uint8_t type, uint32_t id, const void *payload, size_t len)
{
    uint8_t bytes[AGENT_FRAME_SIZE];
    struct agent_frame frame = {.type = type, .id = id, .nonce = agent_nonce, .length = (uint16_t)len,
                                .payload = payload};

    agent_send_bytes(bytes, agent_frame_encode(&frame, bytes));
}

struct agent_frame agent_receive(void)
{
    struct agent_frame frame;

    while (!agent_parser_next(&parser, &frame)) {
        struct pollfd slot = {.fd = line_fd, .events = POLLIN};

        if (pending_at == pending_len) {
            ssize_t n;

            ck_assert_int_eq(poll(&slot, 1, AGENT_PATIENCE_MS), 1);
            n = read(line_fd, pending, sizeof(pending));
            ck_assert_int_gt(n, 0);
            pending_at = 0;
            pending_len = (size_t)n;
        }
        pending_at += agent_parser_feed(&parser, pending + pending_at, pending_len - pending_at);
    }
    return frame;
}

/* The agent's programs inherit its environment: so they can tell what it was told. */
static void tell_programs(const struct agent_resume *resume)
{
    char text[64];

    snprintf(text, sizeof(text), "%" PRIu64 " %02x%02x", resume->clock_ns, resume->entropy[0],
             resume->entropy[AGENT_ENTROPY - 1]);
    setenv("RESUMED", text, 1);
}

void agent_expect_ready(uint64_t nonce)
{
    struct agent_frame ready;

    agent_nonce = nonce;
    agent_parser_init(&parser, nonce);
    ready = agent_receive();
    ck_assert_uint_eq(ready.type, AGENT_READY);
    ck_assert_uint_eq(ready.length, 4);
    ck_assert_uint_eq(agent_u32_decode(ready.payload), AGENT_PROTOCOL_VERSION);
}

void agent_send_resume(const struct agent_resume *resume)
{
    uint8_t payload[AGENT_RESUME_LENGTH];

    agent_resume_encode(resume, payload);
    agent_send(AGENT_RESUME, 0, payload, sizeof(payload));
}

void agent_start(const char *shell)
{
    agent_start_unnamed(shell);
    agent_send_resume(&(struct agent_resume){.nonce = AGENT_TEST_NONCE});
    agent_expect_ready(AGENT_TEST_NONCE);
}

void agent_start_unnamed(const char *shell)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    agent_pid = fork();
    ck_assert_int_ge(agent_pid, 0);
    if (agent_pid == 0) {
        close(ends[0]);
        fcntl(ends[1], F_SETFL, O_NONBLOCK);
        _exit(agent_serve(&(struct agent_config){.fd = ends[1], .shell = shell,
                                                 .resumed = tell_programs}) == 0 ? 0 : 1);
    }
    close(ends[1]);
    line_fd = ends[0];
    pending_at = pending_len = 0;
    memset(&agent_got, 0, sizeof(agent_got));
    agent_expect_ready(AGENT_NO_NONCE);
}

void agent_stop(void)
{
    int status;

    close(line_fd);
    ck_assert_int_eq(waitpid(agent_pid, &status, 0), agent_pid);
    ck_assert_int_eq(status, 0);
}

void agent_run_program(uint32_t id, const char *const *argv, const char *const *env, const char *cwd)
{
    uint8_t payload[AGENT_FRAME_PAYLOAD];

    agent_send(AGENT_RUN, id, payload, agent_run_encode(argv, env, cwd, payload));
}

void agent_run_shell(uint32_t id, const char *script)
{
    agent_run_program(id, (const char *const[]){"sh", "-c", script, NULL}, NULL, NULL);
}

static void store(const struct agent_frame *frame)
{
    int i = frame->stream - 1;

    ck_assert(frame->stream == 1 || frame->stream == 2);
    ck_assert_uint_gt(frame->length, 0);
    ck_assert_uint_le(agent_got.len[i] + frame->length, AGENT_OUTPUT_MAX);
    memcpy(agent_got.out[i] + agent_got.len[i], frame->payload, frame->length);
    agent_got.len[i] += frame->length;
}

bool agent_advance(uint32_t id, struct agent_exit *status)
{
    struct agent_frame frame = agent_receive();

    ck_assert_uint_eq(frame.id, id);
    switch (frame.type) {
    case AGENT_OUTPUT:
        store(&frame);
        return false;
    case AGENT_INPUT_ACK:
        ck_assert_uint_eq(frame.length, 4);
        agent_got.acked += agent_u32_decode(frame.payload);
        return false;
    default:
        ck_assert_uint_eq(frame.type, AGENT_EXIT);
        ck_assert(agent_exit_decode(frame.payload, frame.length, status));
        return true;
    }
}

void agent_expect_exit(uint32_t id, int kind, uint32_t value)
{
    struct agent_exit status;

    while (!agent_advance(id, &status)) {
        continue;
    }
    ck_assert_int_eq(status.kind, kind);
    ck_assert_uint_eq(status.value, value);
}

void agent_wait_for_output(uint32_t id, const char *text)
{
    struct agent_exit status;

    while (strcmp(agent_got.out[0], text) != 0) {
        ck_assert(!agent_advance(id, &status));
    }
}
