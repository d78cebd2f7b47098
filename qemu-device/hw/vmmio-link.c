/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An endpoint's link thread: accepts clients, serves their connections, and pings the silent. */
#include "qemu/osdep.h"
#include <sys/epoll.h>
#include "qemu/error-report.h"
#include "qemu/lockable.h"
#include "qemu/rcu.h"
#include "system/system.h"
#include "vmmio-endpoint-internal.h"
#include "trace.h"

/* Events that the link thread takes from epoll at a time. */
#define EVENTS_MAX 16

/* How long no client is accepted after one could not be. */
#define ACCEPT_PAUSE_US G_USEC_PER_SEC

/* How long QEMU's end waits for handlers to take the posted writes that are queued. */
#define DRAIN_US G_USEC_PER_SEC

#define NEVER INT64_MAX

/*
 * A place for a client that has connected, TLS handshake or not. Clients that
 * stall in their handshake must not keep others out.
 */
static bool admit(const char *peer, void *opaque)
{
    VmmioEndpoint *ep = opaque;

    WITH_QEMU_LOCK_GUARD(&ep->lock) {
        if (ep->n_conns < ep->max_connections) {
            ep->n_conns++;
            return true;
        }
    }
    if (vmmio_listener_drop_handshake(ep->listener)) {
        return true;
    }
    warn_report("vmmio: %s: connection of %s refused: there are %u already (max-connections)",
                vmmio_endpoint_address(ep), peer, ep->max_connections);
    return false;
}

static void handshake_failed(const char *peer, void *opaque)
{
    VmmioEndpoint *ep = opaque;

    QEMU_LOCK_GUARD(&ep->lock);
    ep->n_conns--;
}

/* The link thread may serve the connection from the moment that epoll knows it. */
static void connected(QIOChannel *ioc, int fd, const char *peer, void *opaque)
{
    VmmioEndpoint *ep = opaque;
    VmmioConn *conn;

    trace_vmmio_connected(vmmio_endpoint_address(ep), peer);
    QEMU_LOCK_GUARD(&ep->lock);
    conn = vmmio_conn_new(ioc, fd, ep->epoll_fd, ep->burst_fd, peer,
                          vmmio_endpoint_on_packet, ep);
    if (!conn) {
        ep->n_conns--;
        return;
    }
    QTAILQ_INSERT_TAIL(&ep->conns, conn, next);
}

const VmmioListenerOps vmmio_link_ops = { admit, connected, handshake_failed };

static void reap(VmmioEndpoint *ep, VmmioConn *conn)
{
    epoll_ctl(ep->epoll_fd, EPOLL_CTL_DEL, conn->stream.fd, NULL);
    vmmio_endpoint_release(ep, conn);
    WITH_QEMU_LOCK_GUARD(&ep->lock) {
        QTAILQ_REMOVE(&ep->conns, conn, next);
        vmmio_link_sum(&ep->past, &conn->stats);
        ep->n_conns--;
    }
    vmmio_conn_unref(conn);
}

/* A PING on a silent connection lets TCP find out that the peer's host is gone. */
static void ping_if_silent(VmmioEndpoint *ep, VmmioConn *conn)
{
    uint8_t block[VMMIO_BLOCK] = { 0 };
    uint64_t packets = qatomic_read(&conn->stats.packets_received);
    bool silent = packets == conn->packets_at_last_tick;

    conn->packets_at_last_tick = packets;
    conn->ping_outstanding = conn->ping_outstanding && silent;
    if (silent && !conn->ping_outstanding && vmmio_endpoint_holds_any(ep, conn)) {
        conn->ping_outstanding = vmmio_conn_send(conn, block);
    }
}

static void ping_silent_connections(VmmioEndpoint *ep)
{
    VmmioConn *conn;

    QEMU_LOCK_GUARD(&ep->lock);
    QTAILQ_FOREACH(conn, &ep->conns, next) {
        ping_if_silent(ep, conn);
    }
}

static void watch_listener(VmmioEndpoint *ep, bool accepting)
{
    struct epoll_event event = { .events = accepting ? EPOLLIN : 0, .data.ptr = NULL };

    epoll_ctl(ep->epoll_fd, EPOLL_CTL_MOD, vmmio_listener_fd(ep->listener), &event);
}

static void accept_client(VmmioEndpoint *ep)
{
    if (!vmmio_listener_accept(ep->listener)) {
        watch_listener(ep, false);
        ep->accept_at_us = g_get_monotonic_time() + ACCEPT_PAUSE_US;
    }
}

static void look_at_bursts(VmmioEndpoint *ep)
{
    uint64_t expirations;
    int64_t again = 0;
    VmmioConn *conn;

    (void)!read(ep->burst_fd, &expirations, sizeof(expirations));
    QEMU_LOCK_GUARD(&ep->lock);
    QTAILQ_FOREACH(conn, &ep->conns, next) {
        int64_t ns = vmmio_burst_look(conn);

        again = ns && (!again || ns < again) ? ns : again;
    }
    if (again) {
        vmmio_burst_set_timer(ep->burst_fd, again);
    }
}

static void handle_event(VmmioEndpoint *ep, const struct epoll_event *event)
{
    VmmioConn *conn = event->data.ptr;

    if (!conn) {
        accept_client(ep);
    } else if (event->data.ptr == &ep->burst_fd) {
        look_at_bursts(ep);
    } else if (!vmmio_conn_serve(conn, event->events)) {
        reap(ep, conn);
    }
}

/* Milliseconds until something is due; -1 = never. */
static int time_left(const VmmioEndpoint *ep)
{
    int64_t at_us = MIN(ep->ping_at_us, ep->accept_at_us);
    int64_t left_us = at_us - g_get_monotonic_time();

    return at_us == NEVER ? -1 : MIN(DIV_ROUND_UP(MAX(left_us, 0), 1000), INT_MAX);
}

static int64_t next_ping(const VmmioEndpoint *ep)
{
    return ep->ping_ms ? g_get_monotonic_time() + (int64_t)ep->ping_ms * 1000 : NEVER;
}

static void do_what_is_due(VmmioEndpoint *ep)
{
    int64_t now = g_get_monotonic_time();

    if (now >= ep->ping_at_us) {
        ping_silent_connections(ep);
        ep->ping_at_us = next_ping(ep);
    }
    if (now >= ep->accept_at_us) {
        watch_listener(ep, true);
        ep->accept_at_us = NEVER;
    }
}

static void *link_thread(void *opaque)
{
    VmmioEndpoint *ep = opaque;

    rcu_register_thread();
    ep->ping_at_us = next_ping(ep);
    ep->accept_at_us = NEVER;
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int n = epoll_wait(ep->epoll_fd, events, ARRAY_SIZE(events), time_left(ep));

        for (int i = 0; i < n; i++) {
            handle_event(ep, &events[i]);
        }
        do_what_is_due(ep);
    }
    return NULL;
}

/* Clients that connect earlier wait in the backlog until every range has its number. */
static void start_link_thread(Notifier *notifier, void *data)
{
    VmmioEndpoint *ep = container_of(notifier, VmmioEndpoint, machine_done);

    qemu_thread_create(&ep->thread, "vmmio-link", link_thread, ep, QEMU_THREAD_DETACHED);
}

/* What the guest has posted is on its way, though QEMU ends. */
static void drain_connections(Notifier *notifier, void *data)
{
    VmmioEndpoint *ep = container_of(notifier, VmmioEndpoint, exit);
    int64_t end_us = g_get_monotonic_time() + DRAIN_US;
    VmmioConn *conn;

    QEMU_LOCK_GUARD(&ep->lock);
    QTAILQ_FOREACH(conn, &ep->conns, next) {
        vmmio_conn_drain(conn, end_us);
    }
}

void vmmio_link_init(VmmioEndpoint *ep)
{
    ep->machine_done.notify = start_link_thread;
    qemu_add_machine_init_done_notifier(&ep->machine_done);
    ep->exit.notify = drain_connections;
    qemu_add_exit_notifier(&ep->exit);
}
