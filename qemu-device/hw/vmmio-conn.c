/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include <sys/epoll.h>
#include "qemu/error-report.h"
#include "qemu/lockable.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "hw/core/cpu.h"
#include "vmmio-conn.h"
#include "trace.h"

/* A waiting thread looks this often at its deadline and at requests to stop. */
#define SLICE_MS 10

/* Bytes that a TLS record can carry. */
#define TLS_RECORD_MAX 16384

typedef struct VmmioWaiter {
    uint32_t tag;
    uint8_t *block;
    bool sent;
    bool answered;
    QemuCond wake;
    QTAILQ_ENTRY(VmmioWaiter) next;
} VmmioWaiter;

VmmioConn *vmmio_conn_new(QIOChannel *ioc, int fd, int epoll_fd, const char *peer,
                          VmmioPacketFn *on_packet, void *opaque, VmmioLinkStats *stats)
{
    VmmioConn *conn = g_new0(VmmioConn, 1);
    struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.ptr = conn };

    conn->ioc = ioc;
    conn->fd = fd;
    conn->epoll_fd = epoll_fd;
    conn->peer = g_strdup(peer);
    conn->on_packet = on_packet;
    conn->opaque = opaque;
    conn->stats = stats;
    conn->refs = 1;
    conn->armed = true;
    conn->unsent = g_byte_array_new();
    vmmio_framer_init(&conn->framer);
    qemu_mutex_init(&conn->lock);
    QTAILQ_INIT(&conn->waiters);
    qio_channel_set_blocking(ioc, false, &error_abort);
    qio_channel_set_delay(ioc, false);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
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
    object_unref(OBJECT(conn->ioc));
    g_byte_array_unref(conn->unsent);
    qemu_mutex_destroy(&conn->lock);
    g_free(conn->peer);
    g_free(conn);
}

/* Called with the lock held. */
static void set_epoll_events(VmmioConn *conn, uint32_t events)
{
    struct epoll_event event = { .events = events | EPOLLONESHOT, .data.ptr = conn };

    epoll_ctl(conn->epoll_fd, EPOLL_CTL_MOD, conn->fd, &event);
}

/* Let epoll wake the link thread. Called with the lock held. */
static void arm(VmmioConn *conn)
{
    conn->armed = true;
    set_epoll_events(conn, EPOLLIN | (conn->unsent->len ? EPOLLOUT : 0));
}

/* Keep the link thread asleep while a vCPU receives. Called with the lock held. */
static void disarm(VmmioConn *conn)
{
    if (conn->armed) {
        conn->armed = false;
        set_epoll_events(conn, 0);
    }
}

/* Called with the lock held. */
static void mark_closed(VmmioConn *conn)
{
    VmmioWaiter *w;

    if (conn->closed) {
        return;
    }
    qatomic_set(&conn->closed, true);
    trace_vmmio_conn_closed(conn->peer);
    qio_channel_shutdown(conn->ioc, QIO_CHANNEL_SHUTDOWN_BOTH, NULL);
    QTAILQ_FOREACH(w, &conn->waiters, next) {
        qemu_cond_signal(&w->wake);
    }
}

void vmmio_conn_shutdown(VmmioConn *conn)
{
    QEMU_LOCK_GUARD(&conn->lock);
    mark_closed(conn);
}

/* Write as much as the socket takes. Returns that, or -1 on error. Lock held. */
static ssize_t write_some(VmmioConn *conn, const uint8_t *bytes, size_t len)
{
    ssize_t n = qio_channel_write(conn->ioc, (const char *)bytes, len, NULL);

    return n == QIO_CHANNEL_ERR_BLOCK ? 0 : n;
}

/* Called with the lock held. */
static void flush_unsent(VmmioConn *conn)
{
    ssize_t n;

    if (conn->closed || conn->unsent->len == 0) {
        return;
    }
    n = write_some(conn, conn->unsent->data, conn->unsent->len);
    if (n < 0) {
        mark_closed(conn);
    } else if (n > 0) {
        g_byte_array_remove_range(conn->unsent, 0, n);
    }
}

/* Called with the lock held. */
static bool send_locked(VmmioConn *conn, const uint8_t *block)
{
    ssize_t n = 0;

    if (conn->closed) {
        return false;
    }
    if (conn->unsent->len == 0) {
        n = write_some(conn, block, VMMIO_BLOCK);
    }
    if (n < 0 || conn->unsent->len > VMMIO_UNSENT_MAX) {
        mark_closed(conn);
        return false;
    }
    g_byte_array_append(conn->unsent, block + n, VMMIO_BLOCK - n);
    vmmio_link_count(&conn->stats->packets_sent);
    return true;
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

bool vmmio_conn_send(VmmioConn *conn, const uint8_t block[VMMIO_BLOCK])
{
    QEMU_LOCK_GUARD(&conn->lock);

    trace_block("sent", conn, block);
    if (!send_locked(conn, block)) {
        return false;
    }
    if (conn->unsent->len && conn->armed) {
        arm(conn);
    }
    return true;
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

/* A reply that is owed but has no waiter any more came after its access had ended. */
static void deliver_reply(VmmioConn *conn, const struct vmmio_packet *p, const uint8_t *block)
{
    VmmioWaiter *w;

    QEMU_LOCK_GUARD(&conn->lock);
    if (settle(conn, p->tag)) {
        QTAILQ_FOREACH(w, &conn->waiters, next) {
            if (w->sent && w->tag == p->tag) {
                memcpy(w->block, block, VMMIO_BLOCK);
                w->answered = true;
                qemu_cond_signal(&w->wake);
                return;
            }
        }
    }
    vmmio_link_count(&conn->stats->unsolicited);
    trace_vmmio_unsolicited(conn->peer, vmmio_opcode_name(p->opcode), p->tag);
}

static void handle_packet(VmmioConn *conn, const uint8_t *block)
{
    struct vmmio_packet p;

    vmmio_decode(block, &p);
    qatomic_set(&conn->packets_in, conn->packets_in + 1);
    vmmio_link_count(&conn->stats->packets_received);
    trace_block("received", conn, block);
    if (p.extra_blocks) {
        vmmio_link_count(&conn->stats->long_packets);
        trace_vmmio_long_packet(conn->peer, p.extra_blocks);
    } else if (is_reply(&p)) {
        deliver_reply(conn, &p, block);
    } else {
        conn->on_packet(conn, &p, block, conn->opaque);
    }
}

/* What a client sent behind the packet that ended its connection counts no more. */
static void handle_bytes(VmmioConn *conn, const uint8_t *bytes, size_t len)
{
    while (len > 0 && vmmio_conn_is_open(conn)) {
        bool complete;
        size_t used = vmmio_framer_push(&conn->framer, bytes, len, &complete);

        bytes += used;
        len -= used;
        if (complete) {
            handle_packet(conn, conn->framer.block);
        }
    }
}

/*
 * Receiver only: take what is there, without waiting. False when there was
 * nothing. A whole TLS record is taken at once: what stays behind in the session
 * epoll does not see. The lock keeps a TLS session to one thread at a time.
 */
static bool receive_some(VmmioConn *conn)
{
    uint8_t buf[TLS_RECORD_MAX];
    ssize_t n;

    WITH_QEMU_LOCK_GUARD(&conn->lock) {
        n = qio_channel_read(conn->ioc, (char *)buf, sizeof(buf), NULL);
    }

    if (n > 0) {
        handle_bytes(conn, buf, n);
    } else if (n != QIO_CHANNEL_ERR_BLOCK) {
        vmmio_conn_shutdown(conn);
    }
    return n > 0;
}

/* Receiver only: wait up to one slice for bytes, and handle them. */
static void receive_slice(VmmioConn *conn, bool flush)
{
    GPollFD pfd = { .fd = conn->fd, .events = G_IO_IN | (flush ? G_IO_OUT : 0) };

    if (g_poll(&pfd, 1, SLICE_MS) <= 0) {
        return;
    }
    if (pfd.revents & G_IO_OUT) {
        QEMU_LOCK_GUARD(&conn->lock);
        flush_unsent(conn);
    }
    if (pfd.revents & ~G_IO_OUT) {
        receive_some(conn);
    }
}

/* Called with the lock held. */
static VmmioOutcome outcome_now(VmmioConn *conn, VmmioWaiter *w, const VmmioWait *wait)
{
    if (w->answered) {
        return VMMIO_ANSWERED;
    }
    if (conn->closed) {
        return VMMIO_LOST;
    }
    if (wait->cpu && (qatomic_read(&wait->cpu->stop) || qatomic_read(&wait->cpu->unplug))) {
        return VMMIO_INTERRUPTED;
    }
    if (wait->deadline_ns != INT64_MAX && qemu_clock_get_ns(wait->clock) >= wait->deadline_ns) {
        return VMMIO_TIMED_OUT;
    }
    return VMMIO_PENDING;
}

/* Wait as receiver if the role is free, else for whoever has it. Lock held. */
static void wait_slice(VmmioConn *conn, VmmioWaiter *w)
{
    bool flush = conn->unsent->len > 0;

    if (conn->receiving) {
        qemu_cond_timedwait(&w->wake, &conn->lock, SLICE_MS);
        return;
    }
    conn->receiving = true;
    disarm(conn);
    qemu_mutex_unlock(&conn->lock);
    receive_slice(conn, flush);
    qemu_mutex_lock(&conn->lock);
    conn->receiving = false;
}

/* Give the free receive role to a waiting vCPU or to the link thread. Lock held. */
static void pass_role_on(VmmioConn *conn)
{
    if (conn->receiving) {
        return;
    }
    if (QTAILQ_EMPTY(&conn->waiters)) {
        arm(conn);
    } else {
        qemu_cond_signal(&QTAILQ_FIRST(&conn->waiters)->wake);
    }
}

/* Number the request and send it, if the client does not owe too many. Lock held. */
static void try_start(VmmioConn *conn, VmmioWaiter *w)
{
    uint64_t w0 = vmmio_block_load(w->block, 0);

    if (w->sent || conn->n_owed == VMMIO_OWED_MAX) {
        return;
    }
    w->sent = true;
    w->tag = conn->next_tag++;
    conn->owed[conn->n_owed++] = w->tag;
    vmmio_block_store(w->block, 0, (w0 & UINT32_MAX) | (uint64_t)w->tag << 32);
    trace_block("sent", conn, w->block);
    send_locked(conn, w->block);
}

VmmioOutcome vmmio_conn_request(VmmioConn *conn, uint8_t block[VMMIO_BLOCK],
                                const VmmioWait *wait)
{
    VmmioWaiter w = { .block = block };
    VmmioOutcome outcome;

    qemu_cond_init(&w.wake);
    qemu_mutex_lock(&conn->lock);
    QTAILQ_INSERT_TAIL(&conn->waiters, &w, next);
    for (;;) {
        try_start(conn, &w);
        outcome = outcome_now(conn, &w, wait);
        if (outcome != VMMIO_PENDING) {
            break;
        }
        wait_slice(conn, &w);
    }
    QTAILQ_REMOVE(&conn->waiters, &w, next);
    pass_role_on(conn);
    qemu_mutex_unlock(&conn->lock);
    qemu_cond_destroy(&w.wake);
    return outcome;
}

bool vmmio_conn_serve(VmmioConn *conn)
{
    bool open;

    qemu_mutex_lock(&conn->lock);
    conn->armed = false;
    flush_unsent(conn);
    if (conn->receiving) {
        /* A vCPU took the role first; it arms epoll again when it is done. */
        qemu_mutex_unlock(&conn->lock);
        return true;
    }
    conn->receiving = true;
    qemu_mutex_unlock(&conn->lock);

    receive_some(conn);

    qemu_mutex_lock(&conn->lock);
    conn->receiving = false;
    open = !conn->closed;
    pass_role_on(conn);
    qemu_mutex_unlock(&conn->lock);
    return open;
}
