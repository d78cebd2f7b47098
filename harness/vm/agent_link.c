/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_link.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "stream.h"

/* How long to wait for an answer before asking again, before scaling. */
#define PING_MS 500

struct VmbAgentLink {
    VmbStream *stream;
    VmbAlarm *alarm;
    struct agent_parser parser;
    gboolean ready;
    gboolean may_restart;
    gboolean shell_ended;
    gint64 heard;
    GHashTable *runs; /* id to Run */
    guint32 last_run;
    guint32 pings_sent;
    guint32 pings_answered; /* id of the last PONG */
    const VmbWitness *witness;
    gpointer witness_data;
    VmbAgentNoise forgiven;
};

typedef struct {
    VmbAgentReceiver receiver;
    gpointer data;
} Run;

void vmb_agent_link_send(VmbAgentLink *link, enum agent_frame_type type, guint32 id,
                         const guint8 *payload, gsize length)
{
    guint8 bytes[AGENT_FRAME_SIZE];
    struct agent_frame frame = {
        .type = (uint8_t)type,
        .id = id,
        .nonce = link->parser.nonce,
        .length = (uint16_t)length,
        .payload = payload,
    };

    vmb_stream_send(link->stream, bytes, agent_frame_encode(&frame, bytes));
}

void vmb_agent_link_violated(VmbAgentLink *link, const char *problem)
{
    vmb_alarm_raise(link->alarm,
                    g_error_new(VMB_ERROR, VMB_ERROR_PROTOCOL, "results line: %s", problem));
}

static void lose_runs(VmbAgentLink *link)
{
    g_autoptr(GHashTable) lost = link->runs;
    GHashTableIter iter;
    gpointer run;

    link->runs = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_hash_table_iter_init(&iter, lost);
    while (g_hash_table_iter_next(&iter, NULL, &run)) {
        ((Run *)run)->receiver(((Run *)run)->data, NULL);
    }
}

static void take_ready(VmbAgentLink *link, const struct agent_frame *frame)
{
    if (frame->length != 4 || agent_u32_decode(frame->payload) != AGENT_PROTOCOL_VERSION) {
        vmb_agent_link_violated(
            link, "the guest's agent speaks another version: rebuild the guest image");
    } else if (link->ready && !link->may_restart) {
        vmb_alarm_raise(link->alarm,
                        g_error_new(VMB_ERROR, VMB_ERROR_RESET,
                                    "the guest's agent started again: the guest reset, or its "
                                    "agent died: run nothing in it that does that"));
    }
    if (link->ready) {
        lose_runs(link);
    }
    if (link->last_run == 0) {
        vmb_agent_link_forgive_noise(link); /* the kernel's, before it was the agent's line */
    }
    link->ready = TRUE;
}

/*
 * An agent has just started: tell it the nonce. One that nobody expects is told nothing, as it may be a
 * program that wants to know.
 */
static void take_greeting(VmbAgentLink *link, const struct agent_frame *frame)
{
    gboolean expected = !link->ready || link->may_restart;

    take_ready(link, frame);
    link->ready = FALSE;
    if (expected) {
        vmb_agent_link_resume(link, AGENT_NO_NONCE);
    }
}

static void take_pong(VmbAgentLink *link, const struct agent_frame *frame)
{
    if (frame->id <= link->pings_sent) {
        link->pings_answered = frame->id;
        link->ready = TRUE;
    }
}

static void take_run_frame(VmbAgentLink *link, const struct agent_frame *frame)
{
    const Run *run = g_hash_table_lookup(link->runs, GUINT_TO_POINTER(frame->id));

    if (run != NULL) {
        run->receiver(run->data, frame);
    }
}

static void take_frame(VmbAgentLink *link, const struct agent_frame *frame)
{
    if (frame->nonce == AGENT_NO_NONCE) {
        take_greeting(link, frame);
        return;
    }
    link->heard = g_get_monotonic_time();
    switch (frame->type) {
    case AGENT_READY:
        take_ready(link, frame);
        break;
    case AGENT_PONG:
        take_pong(link, frame);
        break;
    case AGENT_SHELL_EXIT:
        link->shell_ended = TRUE;
        break;
    case AGENT_OUTPUT:
    case AGENT_EXIT:
    case AGENT_INPUT_ACK:
        take_run_frame(link, frame);
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
    link->runs = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    agent_parser_init(&link->parser, nonce);
    link->parser.greets = true;
    link->stream = vmb_stream_new(fd, &agent_events, link);
    return link;
}

void vmb_agent_link_free(VmbAgentLink *link)
{
    lose_runs(link);
    g_hash_table_unref(link->runs);
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

void vmb_agent_link_resume(VmbAgentLink *link, guint64 from)
{
    struct agent_resume resume = {
        .nonce = link->parser.nonce,
        .clock_ns = (uint64_t)g_get_real_time() * 1000,
    };
    guint8 payload[AGENT_RESUME_LENGTH];
    guint8 bytes[AGENT_FRAME_SIZE];
    struct agent_frame frame = {.type = AGENT_RESUME, .nonce = from, .length = sizeof(payload),
                                .payload = payload};

    /* At most 256 bytes come whole and, once the host has booted, at once. */
    if (getrandom(resume.entropy, sizeof(resume.entropy), 0) != sizeof(resume.entropy)) {
        g_error("getrandom: %s", g_strerror(errno));
    }
    agent_resume_encode(&resume, payload);
    vmb_stream_send(link->stream, bytes, agent_frame_encode(&frame, bytes));
}

/* The parser may hold the beginning of a frame that will never be complete. That is no noise. */
static void drop_partial_frame(struct agent_parser *parser)
{
    struct agent_parser fresh;

    agent_parser_init(&fresh, parser->nonce);
    fresh.greets = parser->greets;
    fresh.skipped_bytes = parser->skipped_bytes;
    fresh.bad_nonce = parser->bad_nonce;
    fresh.bad_length = parser->bad_length;
    fresh.bad_crc = parser->bad_crc;
    *parser = fresh;
}

void vmb_agent_link_restart(VmbAgentLink *link)
{
    vmb_stream_drain(link->stream);
    drop_partial_frame(&link->parser);
    lose_runs(link);
    link->ready = FALSE;
    link->shell_ended = FALSE;
}

void vmb_agent_link_send_ping(VmbAgentLink *link)
{
    vmb_agent_link_send(link, AGENT_PING, ++link->pings_sent, NULL, 0);
}

typedef struct {
    const VmbAgentLink *link;
    guint32 first; /* an answer to this PING or a later one will do */
} PingWait;

static gboolean answered_condition(gpointer data)
{
    const PingWait *wait = data;

    return wait->link->pings_answered >= wait->first;
}

/* More than one PING: what else comes over the line may damage an answer. */
gboolean vmb_agent_link_ping(VmbAgentLink *link, guint ms, GError **error)
{
    VmbLimit limit = {PING_MS, VMB_ERROR_KERNEL_HANG,
                      "the guest's agent does not answer: look at the console's last lines"};
    PingWait wait = {link, link->pings_sent + 1};
    guint left = ms;

    for (;;) {
        g_autoptr(GError) cause = NULL;

        limit.ms = MIN(left, PING_MS);
        left -= limit.ms;
        vmb_agent_link_send_ping(link);
        if (vmb_wait(link->alarm, answered_condition, &wait, limit, &cause)) {
            return TRUE;
        }
        if (left == 0 || vmb_alarm_error(link->alarm) != NULL) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
    }
}

void vmb_agent_link_sweep(VmbAgentLink *link)
{
    vmb_agent_link_send(link, AGENT_SWEEP, 0, NULL, 0);
}

gint64 vmb_agent_link_heard(const VmbAgentLink *link)
{
    return link->heard;
}

VmbAgentNoise vmb_agent_link_noise(const VmbAgentLink *link)
{
    return (VmbAgentNoise){
        .bytes = link->parser.skipped_bytes,
        .bad_nonce = link->parser.bad_nonce,
        .bad_frames = link->parser.bad_length + link->parser.bad_crc,
    };
}

void vmb_agent_link_forgive_noise(VmbAgentLink *link)
{
    link->forgiven = vmb_agent_link_noise(link);
}

gboolean vmb_agent_link_check_noise(const VmbAgentLink *link, const char *tty, GError **error)
{
    const VmbAgentNoise *before = &link->forgiven;
    VmbAgentNoise now = vmb_agent_link_noise(link);

    if (now.bytes == before->bytes) {
        return TRUE;
    }
    g_set_error(error, VMB_ERROR, VMB_ERROR_PROTOCOL,
                "the results line carried %" G_GUINT64_FORMAT " bytes that are not the agent's (frames "
                "with another nonce: %" G_GUINT64_FORMAT ", damaged ones: %" G_GUINT64_FORMAT
                "): nothing in the guest may write to /dev/%s",
                now.bytes - before->bytes, now.bad_nonce - before->bad_nonce,
                now.bad_frames - before->bad_frames, tty);
    return FALSE;
}

VmbAlarm *vmb_agent_link_alarm(const VmbAgentLink *link)
{
    return link->alarm;
}

void vmb_agent_link_set_witness(VmbAgentLink *link, const VmbWitness *witness, gpointer data)
{
    link->witness = witness;
    link->witness_data = data;
}

const VmbWitness *vmb_agent_link_witness(const VmbAgentLink *link, gpointer *data)
{
    *data = link->witness_data;
    return link->witness;
}

guint32 vmb_agent_link_attach(VmbAgentLink *link, VmbAgentReceiver receiver, gpointer data)
{
    Run *run = g_new(Run, 1);

    *run = (Run){receiver, data};
    g_hash_table_insert(link->runs, GUINT_TO_POINTER(++link->last_run), run);
    return link->last_run;
}

void vmb_agent_link_detach(VmbAgentLink *link, guint32 id)
{
    g_hash_table_remove(link->runs, GUINT_TO_POINTER(id));
}

gboolean vmb_agent_link_shell_ended(const VmbAgentLink *link)
{
    return link->shell_ended;
}
