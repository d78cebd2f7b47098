/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_link.h"

#include <signal.h>
#include <string.h>

#include "frame.h"
#include "stream.h"

struct VmbAgentLink {
    VmbStream *stream;
    VmbAlarm *alarm;
    guint64 nonce;
    struct agent_parser parser;
    gboolean ready;
    gboolean may_restart;
    gboolean shell_ended;
    guint32 run_id;
    VmbProgramResult *running; /* output of run_id so far, NULL when nothing runs */
    gboolean overflow;
    gboolean ended;
    struct agent_exit end;
};

void vmb_program_result_free(VmbProgramResult *result)
{
    g_string_free(result->out, TRUE);
    g_string_free(result->err, TRUE);
    g_free(result);
}

static void send_frame(VmbAgentLink *link, enum agent_frame_type type, guint32 id,
                       const guint8 *payload, gsize length)
{
    guint8 bytes[AGENT_FRAME_SIZE];
    struct agent_frame frame = {
        .type = (uint8_t)type,
        .id = id,
        .nonce = link->nonce,
        .length = (uint16_t)length,
        .payload = payload,
    };

    vmb_stream_send(link->stream, bytes, agent_frame_encode(&frame, bytes));
}

static void protocol_error(VmbAgentLink *link, const char *problem)
{
    vmb_alarm_raise(link->alarm,
                    g_error_new(VMB_ERROR, VMB_ERROR_PROTOCOL, "results line: %s", problem));
}

static void take_ready(VmbAgentLink *link, const struct agent_frame *frame)
{
    if (frame->length != 4 || agent_u32_decode(frame->payload) != AGENT_PROTOCOL_VERSION) {
        protocol_error(link, "the guest's agent speaks another version: rebuild the guest image");
    } else if (link->ready && !link->may_restart) {
        protocol_error(link, "the guest's agent started again: did the guest reset?");
    }
    link->ready = TRUE;
}

static void kill_running(VmbAgentLink *link)
{
    guint8 number = SIGKILL;

    send_frame(link, AGENT_SIGNAL, link->run_id, &number, 1);
}

static void take_output(VmbAgentLink *link, const struct agent_frame *frame)
{
    VmbProgramResult *result = link->running;
    GString *text = frame->stream == 2 ? result->err : result->out;

    if (result->out->len + result->err->len + frame->length > VMB_OUTPUT_MAX) {
        if (!link->overflow) {
            kill_running(link);
        }
        link->overflow = TRUE;
        return;
    }
    g_string_append_len(text, (const char *)frame->payload, frame->length);
}

static void take_exit(VmbAgentLink *link, const struct agent_frame *frame)
{
    if (!agent_exit_decode(frame->payload, frame->length, &link->end)) {
        protocol_error(link, "an EXIT that is malformed: rebuild the guest image");
        return;
    }
    link->ended = TRUE;
}

static void take_frame(VmbAgentLink *link, const struct agent_frame *frame)
{
    gboolean of_run = link->running != NULL && frame->id == link->run_id;

    switch (frame->type) {
    case AGENT_READY:
        take_ready(link, frame);
        break;
    case AGENT_OUTPUT:
        if (of_run) {
            take_output(link, frame);
        }
        break;
    case AGENT_EXIT:
        if (of_run) {
            take_exit(link, frame);
        }
        break;
    case AGENT_SHELL_EXIT:
        link->shell_ended = TRUE;
        break;
    default:
        break; /* frame.h: unknown types are ignored */
    }
}

static void on_bytes(gpointer data, const guint8 *bytes, gsize len)
{
    VmbAgentLink *link = data;
    struct agent_frame frame;

    while (len > 0) {
        gsize taken = agent_parser_feed(&link->parser, bytes, len);

        bytes += taken;
        len -= taken;
        while (agent_parser_next(&link->parser, &frame)) {
            take_frame(link, &frame);
        }
    }
}

static const VmbStreamEvents agent_events = {on_bytes, NULL};

VmbAgentLink *vmb_agent_link_new(int fd, guint64 nonce, VmbAlarm *alarm)
{
    VmbAgentLink *link = g_new0(VmbAgentLink, 1);

    link->alarm = alarm;
    link->nonce = nonce;
    agent_parser_init(&link->parser, nonce);
    link->stream = vmb_stream_new(fd, &agent_events, link);
    return link;
}

void vmb_agent_link_free(VmbAgentLink *link)
{
    g_clear_pointer(&link->running, vmb_program_result_free);
    vmb_stream_free(link->stream);
    g_free(link);
}

static gboolean ready_condition(gpointer data)
{
    return ((VmbAgentLink *)data)->ready;
}

gboolean vmb_agent_link_wait_ready(VmbAgentLink *link, guint ms, GError **error)
{
    VmbLimit limit = {ms, VMB_ERROR_BOOT_TIMEOUT,
                      "the guest's agent did not report in time: look at the console's last lines, "
                      "or try --timeout-scale 4"};

    return vmb_wait(link->alarm, ready_condition, link, limit, error);
}

gboolean vmb_agent_link_is_ready(const VmbAgentLink *link)
{
    return link->ready;
}

void vmb_agent_link_allow_restart(VmbAgentLink *link)
{
    link->may_restart = TRUE;
}

static gboolean start(VmbAgentLink *link, const char *const *argv, GError **error)
{
    guint8 payload[AGENT_FRAME_PAYLOAD];
    gsize length = agent_run_encode(argv, NULL, NULL, payload);

    if (length == 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "%s: the arguments do not fit into 4096 bytes: shorten them", argv[0]);
        return FALSE;
    }
    g_clear_pointer(&link->running, vmb_program_result_free);
    link->running = g_new0(VmbProgramResult, 1);
    link->running->out = g_string_new(NULL);
    link->running->err = g_string_new(NULL);
    link->overflow = FALSE;
    link->ended = FALSE;
    link->run_id++;
    send_frame(link, AGENT_RUN, link->run_id, payload, length);
    send_frame(link, AGENT_INPUT, link->run_id, NULL, 0);
    return TRUE;
}

static VmbProgramResult *finish(VmbAgentLink *link, const char *program, GError **error)
{
    g_autoptr(VmbProgramResult) result = g_steal_pointer(&link->running);

    if (link->end.kind == AGENT_EXIT_EXEC_FAILED) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_MISSING,
                    "the guest cannot run %s (%s): is it in the image? rebuild it, or give "
                    "another with --initrd",
                    program, g_strerror((gint)link->end.value));
        return NULL;
    }
    if (link->overflow) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_FAILED,
                    "%s wrote more than %u MiB and was killed: make it write less", program,
                    VMB_OUTPUT_MAX / (1024 * 1024));
        return NULL;
    }
    result->exited = link->end.kind == AGENT_EXIT_EXITED;
    result->value = link->end.value;
    return g_steal_pointer(&result);
}

static gboolean ended_condition(gpointer data)
{
    return ((VmbAgentLink *)data)->ended;
}

VmbProgramResult *vmb_agent_link_run(VmbAgentLink *link, const char *const *argv, guint ms,
                                     GError **error)
{
    g_autofree char *message =
        g_strdup_printf("%s did not end in time: does it wait for a handler or an interrupt? or "
                        "try --timeout-scale 4",
                        argv[0]);
    VmbLimit limit = {ms, VMB_ERROR_PROGRAM_TIMEOUT, message};

    if (!start(link, argv, error)) {
        return NULL;
    }
    if (!vmb_wait(link->alarm, ended_condition, link, limit, error)) {
        kill_running(link);
        return NULL;
    }
    return finish(link, argv[0], error);
}

gboolean vmb_agent_link_shell_ended(const VmbAgentLink *link)
{
    return link->shell_ended;
}
