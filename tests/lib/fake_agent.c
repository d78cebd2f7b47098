/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_agent.h"

#include <check.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

FakeAgent fake_agent;

void fake_agent_say_bytes(const void *bytes, gsize len)
{
    ck_assert_int_eq(write(fake_agent.fd, bytes, len), (ssize_t)len);
}

void fake_agent_say(guint8 type, guint8 stream, guint32 id, guint64 nonce, const void *payload,
                    gsize len)
{
    guint8 bytes[AGENT_FRAME_SIZE];
    struct agent_frame frame = {type, stream, id, nonce, (uint16_t)len, payload};

    fake_agent_say_bytes(bytes, agent_frame_encode(&frame, bytes));
}

void fake_agent_say_exit(guint32 id, guint8 kind, guint32 value)
{
    guint8 payload[AGENT_EXIT_LENGTH];
    struct agent_exit end = {kind, value};

    agent_exit_encode(&end, payload);
    fake_agent_say(AGENT_EXIT, 0, id, FAKE_NONCE, payload, sizeof(payload));
}

static void take_frame(const struct agent_frame *frame)
{
    if (frame->type == AGENT_PING) {
        fake_agent.pings++;
        if (!fake_agent.deaf) {
            fake_agent_say(AGENT_PONG, 0, frame->id, FAKE_NONCE, frame->payload, frame->length);
        }
        return;
    }
    if (frame->type == AGENT_SIGNAL && frame->payload[0] == SIGKILL) {
        fake_agent.kills++;
        if (fake_agent.dying) {
            fake_agent_say_exit(frame->id, AGENT_EXIT_SIGNALLED, SIGKILL);
        }
    }
    if (fake_agent.on_frame != NULL) {
        fake_agent.on_frame(frame);
    }
}

static gboolean on_harness(int fd, GIOCondition condition, gpointer data)
{
    guint8 bytes[8192];
    ssize_t n = read(fd, bytes, sizeof(bytes));
    struct agent_frame frame;

    (void)condition;
    (void)data;
    ck_assert_int_gt(n, 0);
    g_byte_array_append(fake_agent.seen, bytes, (guint)n);
    for (gsize used = 0; used < (gsize)n;) {
        used += agent_parser_feed(&fake_agent.parser, bytes + used, (gsize)n - used);
        while (agent_parser_next(&fake_agent.parser, &frame)) {
            take_frame(&frame);
        }
    }
    return G_SOURCE_CONTINUE;
}

void fake_agent_open(double timeout_scale)
{
    int fds[2];

    memset(&fake_agent, 0, sizeof(fake_agent));
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    fake_agent.fd = fds[1];
    fake_agent.seen = g_byte_array_new();
    agent_parser_init(&fake_agent.parser, FAKE_NONCE);
    fake_agent.alarm = vmb_alarm_new(timeout_scale);
    fake_agent.link = vmb_agent_link_new(fds[0], FAKE_NONCE, fake_agent.alarm);
    fake_agent.source = g_unix_fd_add(fake_agent.fd, G_IO_IN, on_harness, NULL);
}

void fake_agent_close(void)
{
    g_source_remove(fake_agent.source);
    vmb_agent_link_free(fake_agent.link);
    vmb_alarm_free(fake_agent.alarm);
    g_byte_array_unref(fake_agent.seen);
    close(fake_agent.fd);
}

void fake_agent_turn_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}
