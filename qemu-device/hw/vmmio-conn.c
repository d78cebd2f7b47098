/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include <sys/epoll.h>
#include "qemu/lockable.h"
#include "qemu/rcu.h"
#include "hw/core/cpu.h"
#include "vmmio-conn.h"
#include "vmmio-conn-internal.h"
#include "trace.h"

/* Some microseconds, which is less than a thread takes to sleep and be woken. */
#define LOCK_TRIES 200

/* What a busy client may send before epoll is asked again: less than 1 ms of DMA. */
#define READS_MAX 16

VmmioConn *vmmio_conn_new(QIOChannel *ioc, int fd, int epoll_fd, int burst_fd,
                          const char *peer, VmmioPacketFn *on_packet, void *opaque)
{
    VmmioConn *conn = g_new0(VmmioConn, 1);
    struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.ptr = conn };

    vmmio_stream_init(&conn->stream, ioc, fd);
    conn->epoll_fd = epoll_fd;
    conn->burst_fd = burst_fd;
    conn->peer = g_strdup(peer);
    conn->on_packet = on_packet;
    conn->opaque = opaque;
    conn->stats.connections = 1;
    conn->refs = 1;
    conn->armed_events = EPOLLIN;
    conn->replies = g_byte_array_new();
    conn->queue = g_byte_array_new();
    conn->out = g_byte_array_new();
    vmmio_framer_init(&conn->framer);
    qemu_mutex_init(&conn->lock);
    qemu_cond_init(&conn->room);
    QTAILQ_INIT(&conn->requests);
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        vmmio_conn_unref(conn);
        return NULL;
    }
    return conn;
}

VmmioConn *vmmio_conn_ref(VmmioConn *conn)
{
    qatomic_inc(&conn->refs);
    return conn;
}

void vmmio_conn_unref(VmmioConn *conn)
{
    if (qatomic_fetch_dec(&conn->refs) > 1) {
        return;
    }
    vmmio_stream_destroy(&conn->stream);
    g_byte_array_unref(conn->replies);
    g_byte_array_unref(conn->queue);
    g_byte_array_unref(conn->out);
    qemu_cond_destroy(&conn->room);
    qemu_mutex_destroy(&conn->lock);
    g_free(conn->peer);
    g_free(conn);
}

/*
 * A vCPU that posts writes and the link thread that sends them meet at the lock
 * all the time, and each holds it for moments only: to sleep costs more than to
 * try again.
 */
void vmmio_conn_lock(VmmioConn *conn)
{
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (qemu_mutex_trylock(&conn->lock) == 0) {
            return;
        }
        cpu_relax();
    }
    qemu_mutex_lock(&conn->lock);
}

void vmmio_conn_update_epoll(VmmioConn *conn)
{
    struct epoll_event event = { .data.ptr = conn };
    uint32_t wanted = 0;

    if (!conn->receiving && conn->n_attended == 0 && !conn->in_burst) {
        wanted |= EPOLLIN;
    }
    if (!conn->sending && vmmio_conn_unsent(conn) > 0) {
        wanted |= EPOLLOUT;
    }
    if (conn->closed) {
        wanted = conn->receiving ? 0 : EPOLLIN; /* to be reaped */
    }
    if (wanted != conn->armed_events) {
        conn->armed_events = wanted;
        event.events = wanted | EPOLLONESHOT;
        epoll_ctl(conn->epoll_fd, EPOLL_CTL_MOD, conn->stream.fd, &event);
    }
}

/* Called with the lock held. */
static void mark_closed(VmmioConn *conn)
{
    VmmioRequest *req;

    if (conn->closed) {
        return;
    }
    qatomic_set(&conn->closed, true);
    vmmio_link_add(&conn->stats.packets_unsent,
                   DIV_ROUND_UP(vmmio_conn_unsent(conn), VMMIO_BLOCK));
    trace_vmmio_conn_closed(conn->peer);
    vmmio_stream_shutdown(&conn->stream);
    QTAILQ_FOREACH(req, &conn->requests, next) {
        qemu_cond_signal(&req->wake);
    }
    qemu_cond_broadcast(&conn->room);
    vmmio_conn_update_epoll(conn);
}

void vmmio_conn_shutdown(VmmioConn *conn)
{
    QEMU_LOCK_GUARD(&conn->lock);
    mark_closed(conn);
}

/* Make what is queued the next to be written, when all before it is. Lock held. */
static void refill_out(VmmioConn *conn)
{
    GByteArray *written = conn->out;

    if (conn->out_sent == written->len && conn->queue->len > 0) {
        g_byte_array_set_size(written, 0);
        conn->out = conn->queue;
        conn->queue = written;
        conn->out_sent = 0;
    }
}

/* What others queue meanwhile is theirs or the link thread's to write: this one may be a vCPU. */
void vmmio_conn_flush(VmmioConn *conn)
{
    size_t left = vmmio_conn_unsent(conn);

    if (conn->sending) {
        return;
    }
    conn->sending = true;
    while (!conn->closed && left > 0) {
        ssize_t n;

        refill_out(conn);
        qemu_mutex_unlock(&conn->lock);
        n = vmmio_stream_write(&conn->stream, conn->out->data + conn->out_sent,
                               conn->out->len - conn->out_sent);
        vmmio_conn_lock(conn);
        if (n < 0) {
            mark_closed(conn);
        } else if (n == 0) {
            break;
        } else {
            conn->out_sent += n;
            left -= MIN(left, n);
        }
    }
    conn->sending = false;
    if (vmmio_conn_unsent(conn) > 0) {
        vmmio_conn_update_epoll(conn);
    }
    if (conn->n_posters > 0 && vmmio_conn_unsent(conn) <= VMMIO_POSTED_MAX / 2) {
        qemu_cond_broadcast(&conn->room);
    }
}

static void trace_block(const char *direction, const VmmioConn *conn, const uint8_t *block)
{
    struct vmmio_packet p;

    if (!trace_event_get_state_backends(TRACE_VMMIO_PACKET)) {
        return;
    }
    vmmio_decode(block, &p);
    trace_vmmio_packet(conn->peer, direction, vmmio_opcode_name(p.opcode), p.iface, p.tag,
                       p.addr, p.size, p.data[0], p.error);
}

static void trace_blocks(const char *direction, const VmmioConn *conn, const GByteArray *blocks)
{
    if (!trace_event_get_state_backends(TRACE_VMMIO_PACKET)) {
        return;
    }
    for (size_t at = 0; at < blocks->len; at += VMMIO_BLOCK) {
        trace_block(direction, conn, blocks->data + at);
    }
}

/* Called with the lock held. */
static bool enqueue(VmmioConn *conn, const uint8_t *blocks, size_t len)
{
    if (!conn->closed && vmmio_conn_unsent(conn) > VMMIO_UNSENT_MAX) {
        mark_closed(conn);
    }
    if (conn->closed) {
        return false;
    }
    vmmio_link_add(&conn->stats.packets_sent, len / VMMIO_BLOCK);
    g_byte_array_append(conn->queue, blocks, len);
    return true;
}

bool vmmio_conn_enqueue(VmmioConn *conn, const uint8_t *block)
{
    trace_block("sent", conn, block);
    return enqueue(conn, block, VMMIO_BLOCK);
}

void vmmio_conn_drain(VmmioConn *conn, int64_t end_us)
{
    GPollFD pfd = { .fd = conn->stream.fd, .events = G_IO_OUT };
    bool done = false;

    while (!done) {
        WITH_QEMU_LOCK_GUARD(&conn->lock) {
            vmmio_conn_flush(conn);
            done = conn->closed || vmmio_conn_unsent(conn) == 0;
        }
        done = done || g_get_monotonic_time() >= end_us;
        if (!done) {
            g_poll(&pfd, 1, VMMIO_SLICE_MS);
        }
    }
}

bool vmmio_conn_send(VmmioConn *conn, const uint8_t block[VMMIO_BLOCK])
{
    QEMU_LOCK_GUARD(&conn->lock);
    bool queued = vmmio_conn_enqueue(conn, block);

    vmmio_conn_update_epoll(conn);
    return queued;
}

uint8_t *vmmio_conn_make_reply(VmmioConn *conn, const uint8_t block[VMMIO_BLOCK])
{
    g_byte_array_append(conn->replies, block, VMMIO_BLOCK);
    return conn->replies->data + conn->replies->len - VMMIO_BLOCK;
}

/* True when the packet is an answer from a client to something that the VM sent. */
static bool is_reply(const struct vmmio_packet *p)
{
    return !p->from_client && p->opcode != VMMIO_OP_PING;
}

/* True when the client owed a reply with this tag. Lock held. */
static bool settle(VmmioConn *conn, uint32_t tag)
{
    for (unsigned i = 0; i < conn->n_owed; i++) {
        if (conn->owed[i] == tag) {
            conn->owed[i] = conn->owed[--conn->n_owed];
            return true;
        }
    }
    return false;
}

/* A reply that is owed but has no request any more came after its access had ended. */
static void deliver_reply(VmmioConn *conn, const struct vmmio_packet *p, const uint8_t *block)
{
    VmmioRequest *req;

    QEMU_LOCK_GUARD(&conn->lock);
    if (settle(conn, p->tag)) {
        QTAILQ_FOREACH(req, &conn->requests, next) {
            if (req->sent && req->tag == p->tag) {
                memcpy(req->block, block, VMMIO_BLOCK);
                req->answered = true;
                qemu_cond_signal(&req->wake);
                return;
            }
        }
    }
    vmmio_link_count(&conn->stats.unsolicited);
    trace_vmmio_unsolicited(conn->peer, vmmio_opcode_name(p->opcode), p->tag);
}

static void handle_packet(VmmioConn *conn, const uint8_t *block)
{
    struct vmmio_packet p;

    vmmio_decode(block, &p);
    vmmio_link_count(&conn->stats.packets_received);
    trace_block("received", conn, block);
    if (p.extra_blocks) {
        vmmio_link_count(&conn->stats.long_packets);
        trace_vmmio_long_packet(conn->peer, p.extra_blocks);
    } else if (is_reply(&p)) {
        deliver_reply(conn, &p, block);
    } else {
        vmmio_link_count(&conn->other_packets);
        conn->on_packet(conn, &p, block, conn->opaque);
    }
}

/* What a client sent behind the packet that ended its connection counts no more. */
static void handle_bytes(VmmioConn *conn, const uint8_t *bytes, size_t len)
{
    while (len > 0 && vmmio_conn_is_open(conn)) {
        bool whole = vmmio_framer_sees_block(&conn->framer, bytes, len);
        bool complete = whole;
        size_t used = whole ? VMMIO_BLOCK : vmmio_framer_push(&conn->framer, bytes, len, &complete);

        if (complete) {
            handle_packet(conn, whole ? bytes : conn->framer.block);
        }
        bytes += used;
        len -= used;
    }
}

/* In one read section of RCU, so that a DMA request need not pay for its own. */
static void handle_batch(VmmioConn *conn, size_t len)
{
    RCU_READ_LOCK_GUARD();
    handle_bytes(conn, conn->input, len);
    qatomic_set(&conn->stats.unfinished, !vmmio_framer_at_boundary(&conn->framer));
}

/* Send what the packet callbacks have replied. Receiver only. */
static void send_replies(VmmioConn *conn)
{
    if (conn->replies->len > 0) {
        trace_blocks("sent", conn, conn->replies);
        QEMU_LOCK_GUARD(&conn->lock);
        enqueue(conn, conn->replies->data, conn->replies->len);
        vmmio_conn_flush(conn);
        g_byte_array_set_size(conn->replies, 0);
    }
}

/*
 * A TLS session is read until it is empty, but not the socket behind it: a
 * client that sends all the time must not keep a vCPU here beyond its deadline.
 */
bool vmmio_conn_receive(VmmioConn *conn, bool sleep)
{
    ssize_t n;

    do {
        n = vmmio_stream_read(&conn->stream, conn->input, sizeof(conn->input), sleep);
        if (n > 0) {
            handle_batch(conn, n);
            send_replies(conn);
        }
        sleep = false;
    } while (n > 0 && vmmio_stream_holds_bytes(&conn->stream) && vmmio_conn_is_open(conn));
    if (n <= 0 && n != QIO_CHANNEL_ERR_BLOCK) {
        vmmio_conn_shutdown(conn);
    }
    return n == sizeof(conn->input);
}

void vmmio_conn_pass_role_on(VmmioConn *conn)
{
    VmmioRequest *req;

    if (!conn->receiving && conn->n_attended > 0) {
        QTAILQ_FOREACH(req, &conn->requests, next) {
            if (req->attended) {
                qemu_cond_signal(&req->wake);
                break;
            }
        }
    }
    vmmio_conn_update_epoll(conn);
}

/*
 * Receive what is there, unless a vCPU has taken the role first, or wants it.
 * Not for ever: other connections wait too. Lock held.
 */
static void serve_input(VmmioConn *conn)
{
    bool more = !conn->receiving;

    for (unsigned i = 0; more && i < READS_MAX; i++) {
        conn->receiving = true;
        qemu_mutex_unlock(&conn->lock);
        more = vmmio_conn_receive(conn, false);
        qemu_mutex_lock(&conn->lock);
        conn->receiving = false;
        more = more && conn->n_attended == 0;
    }
}

bool vmmio_conn_serve(VmmioConn *conn, uint32_t events)
{
    bool open;

    vmmio_conn_lock(conn);
    conn->armed_events = 0;
    vmmio_conn_flush(conn);
    if (events & ~EPOLLOUT) {
        serve_input(conn);
    }
    open = !conn->closed || conn->receiving; /* its receiver may still be busy with packets */
    vmmio_conn_pass_role_on(conn);
    qemu_mutex_unlock(&conn->lock);
    return open;
}
