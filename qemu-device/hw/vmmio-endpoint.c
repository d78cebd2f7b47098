/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include <sys/epoll.h>
#include "qemu/error-report.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qapi/error.h"
#include "system/system.h"
#include "vmmio-endpoint.h"
#include "vmmio-listener.h"
#include "trace.h"

/* Events that the link thread takes from the kernel at once. */
#define EVENTS_AT_ONCE 16

struct VmmioEndpoint {
    VmmioEndpointConfig config; /* the first user's, with strings of its own */
    VmmioListener *listener;
    int epoll_fd;
    QemuThread thread;
    Notifier machine_done;
    QTAILQ_ENTRY(VmmioEndpoint) next;

    QemuMutex lock; /* guards all below and ranges[]->holder; may be taken inside the BQL */
    QTAILQ_HEAD(, VmmioConn) conns;
    unsigned n_conns;
    VmmioRange *ranges[VMMIO_RANGES_MAX];
    unsigned n_ranges;
};

static QTAILQ_HEAD(, VmmioEndpoint) endpoints = QTAILQ_HEAD_INITIALIZER(endpoints);

const char *vmmio_endpoint_address(const VmmioEndpoint *ep)
{
    return vmmio_listener_address(ep->listener);
}

VmmioConn *vmmio_endpoint_holder(VmmioEndpoint *ep, VmmioRange *range)
{
    QEMU_LOCK_GUARD(&ep->lock);
    return range->holder ? vmmio_conn_ref(range->holder) : NULL;
}

/* Called with the lock held. */
static bool holds_any(VmmioEndpoint *ep, VmmioConn *conn)
{
    for (unsigned i = 0; i < ep->n_ranges; i++) {
        if (ep->ranges[i]->holder == conn) {
            return true;
        }
    }
    return false;
}

/*
 * Make conn (NULL: nobody) the holder of the range and return the one before
 * it, whose reference the caller takes over. The holder changes under the BQL
 * only, and its lines go low with it, as a successor takes them to be: so no
 * update of the old holder can come after that, and none of the new one before.
 */
static VmmioConn *change_holder(VmmioEndpoint *ep, VmmioRange *range, VmmioConn *conn)
{
    VmmioConn *before;

    WITH_QEMU_LOCK_GUARD(&ep->lock) {
        before = range->holder;
        qatomic_set(&range->holder, conn ? vmmio_conn_ref(conn) : NULL);
    }
    if (before && before != conn) {
        range->released(range);
    }
    return before;
}

static void close_loser(VmmioEndpoint *ep, unsigned index, VmmioConn *winner, VmmioConn *loser)
{
    warn_report("vmmio: %s: range %u is now claimed by %s: connection of %s closed",
                vmmio_endpoint_address(ep), index, winner->peer, loser->peer);
    vmmio_conn_shutdown(loser);
}

static void claim(VmmioEndpoint *ep, VmmioConn *conn, unsigned index)
{
    VmmioConn *before;

    if (index >= ep->n_ranges) {
        warn_report("vmmio: %s: client %s claims range %u, but there are only %u: "
                    "connection closed", vmmio_endpoint_address(ep), conn->peer, index,
                    ep->n_ranges);
        vmmio_conn_shutdown(conn);
        return;
    }
    bql_lock();
    before = change_holder(ep, ep->ranges[index], conn);
    qatomic_set(&ep->ranges[index]->claims, ep->ranges[index]->claims + 1);
    bql_unlock();
    trace_vmmio_claimed(ep->ranges[index]->name, conn->peer);
    if (before && before != conn) {
        close_loser(ep, index, conn, before);
    }
    if (before) {
        vmmio_conn_unref(before);
    }
}

static void irq_update(VmmioEndpoint *ep, VmmioConn *conn, const struct vmmio_packet *p)
{
    VmmioRange *range = p->iface < ep->n_ranges ? ep->ranges[p->iface] : NULL;

    bql_lock(); /* the holder cannot change meanwhile */
    if (range && qatomic_read(&range->holder) == conn) {
        range->irq_update(range, p->addr, p->data[0] & 1);
    } else {
        trace_vmmio_irq_ignored(conn->peer, p->iface);
    }
    bql_unlock();
}

/* DMA is not offered by this endpoint: say so, so that the client does not wait. */
static void refuse_dma(VmmioConn *conn, const uint8_t *block)
{
    uint8_t reply[VMMIO_BLOCK];

    memcpy(reply, block, VMMIO_BLOCK);
    vmmio_block_make_reply(reply, true);
    vmmio_conn_send(conn, reply);
}

static void on_packet(VmmioConn *conn, const struct vmmio_packet *p, const uint8_t *block,
                      void *opaque)
{
    VmmioEndpoint *ep = opaque;

    if (!p->from_client) {
        return; /* a PING came back: being received was all that it is for */
    }
    switch (p->opcode) {
    case VMMIO_OP_RGN_CLAIM:
        claim(ep, conn, p->iface);
        break;
    case VMMIO_OP_IRQ_UPDATE:
        irq_update(ep, conn, p);
        break;
    case VMMIO_OP_READ:
    case VMMIO_OP_WRITEA:
        refuse_dma(conn, block);
        break;
    default:
        trace_vmmio_unknown_opcode(conn->peer, p->opcode);
        break;
    }
}

static bool admit(const char *peer, void *opaque)
{
    VmmioEndpoint *ep = opaque;

    WITH_QEMU_LOCK_GUARD(&ep->lock) {
        if (ep->n_conns < ep->config.max_connections) {
            ep->n_conns++;
            return true;
        }
    }
    warn_report("vmmio: %s: connection of %s refused: there are %u already (max-connections)",
                vmmio_endpoint_address(ep), peer, ep->config.max_connections);
    return false;
}

static void connected(QIOChannel *ioc, int fd, const char *peer, void *opaque)
{
    VmmioEndpoint *ep = opaque;
    VmmioConn *conn;

    trace_vmmio_connected(vmmio_endpoint_address(ep), peer);
    QEMU_LOCK_GUARD(&ep->lock);
    conn = vmmio_conn_new(ioc, fd, ep->epoll_fd, peer, on_packet, ep);
    QTAILQ_INSERT_TAIL(&ep->conns, conn, next);
}

static void failed(const char *peer, void *opaque)
{
    VmmioEndpoint *ep = opaque;

    QEMU_LOCK_GUARD(&ep->lock);
    ep->n_conns--;
}

static const VmmioListenerOps listener_ops = {
    .admit = admit,
    .connected = connected,
    .failed = failed,
};

/* Back to the fallback, if it is still this connection that holds the range. */
static void release_range(VmmioEndpoint *ep, VmmioRange *range, VmmioConn *conn)
{
    bool held;

    bql_lock();
    held = qatomic_read(&range->holder) == conn;
    if (held) {
        change_holder(ep, range, NULL);
    }
    bql_unlock();
    if (held) {
        trace_vmmio_released(range->name, conn->peer);
        vmmio_conn_unref(conn);
    }
}

static void reap(VmmioEndpoint *ep, VmmioConn *conn)
{
    epoll_ctl(ep->epoll_fd, EPOLL_CTL_DEL, conn->fd, NULL);
    for (unsigned i = 0; i < ep->n_ranges; i++) {
        release_range(ep, ep->ranges[i], conn);
    }
    WITH_QEMU_LOCK_GUARD(&ep->lock) {
        QTAILQ_REMOVE(&ep->conns, conn, next);
        ep->n_conns--;
    }
    vmmio_conn_unref(conn);
}

/* A PING on a silent connection lets TCP find out that the peer's host is gone. */
static void ping_if_silent(VmmioEndpoint *ep, VmmioConn *conn)
{
    uint8_t block[VMMIO_BLOCK] = { 0 };
    uint64_t packets = qatomic_read(&conn->packets_in);
    bool silent = packets == conn->packets_at_last_tick;

    conn->packets_at_last_tick = packets;
    conn->ping_outstanding = conn->ping_outstanding && silent;
    if (silent && !conn->ping_outstanding && holds_any(ep, conn)) {
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

static void handle_event(VmmioEndpoint *ep, VmmioConn *conn)
{
    if (!conn) {
        vmmio_listener_accept(ep->listener);
    } else if (!vmmio_conn_serve(conn)) {
        reap(ep, conn);
    }
}

/* Milliseconds until the next look for silent connections; -1 = never. */
static int time_to_tick(const VmmioEndpoint *ep, int64_t last_tick_us)
{
    int64_t gone_ms = (g_get_monotonic_time() - last_tick_us) / 1000;

    return ep->config.ping_ms ? MIN(MAX(ep->config.ping_ms - gone_ms, 0), INT_MAX) : -1;
}

static void *link_thread(void *opaque)
{
    VmmioEndpoint *ep = opaque;
    int64_t last_tick_us = g_get_monotonic_time();

    rcu_register_thread();
    for (;;) {
        struct epoll_event events[EVENTS_AT_ONCE];
        int left = time_to_tick(ep, last_tick_us);
        int n = epoll_wait(ep->epoll_fd, events, ARRAY_SIZE(events), left);

        for (int i = 0; i < n; i++) {
            handle_event(ep, events[i].data.ptr);
        }
        if (left == 0) {
            ping_silent_connections(ep);
            last_tick_us = g_get_monotonic_time();
        }
    }
    return NULL;
}

/* Clients that connect earlier wait in the backlog until every range has its number. */
static void start_link_thread(Notifier *notifier, void *data)
{
    VmmioEndpoint *ep = container_of(notifier, VmmioEndpoint, machine_done);

    qemu_thread_create(&ep->thread, "vmmio-link", link_thread, ep, QEMU_THREAD_DETACHED);
}

static VmmioListener *open_listener(VmmioEndpoint *ep, Error **errp)
{
    const VmmioEndpointConfig *c = &ep->config;
    VmmioListener *l = vmmio_listener_new(c->listen, c->tls_creds, &listener_ops, ep, errp);

    return l && c->tls_authz && !vmmio_listener_set_authz(l, c->tls_authz, errp) ? NULL : l;
}

/* Not freed when it fails: QEMU ends then. */
static VmmioEndpoint *endpoint_new(const VmmioEndpointConfig *config, Error **errp)
{
    VmmioEndpoint *ep = g_new0(VmmioEndpoint, 1);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

    ep->config = *config;
    ep->config.listen = g_strdup(config->listen);
    ep->config.tls_creds = g_strdup(config->tls_creds);
    ep->config.tls_authz = g_strdup(config->tls_authz);
    ep->listener = open_listener(ep, errp);
    if (!ep->listener) {
        return NULL;
    }
    ep->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    qemu_mutex_init(&ep->lock);
    QTAILQ_INIT(&ep->conns);
    epoll_ctl(ep->epoll_fd, EPOLL_CTL_ADD, vmmio_listener_fd(ep->listener), &event);
    ep->machine_done.notify = start_link_thread;
    qemu_add_machine_init_done_notifier(&ep->machine_done);
    QTAILQ_INSERT_TAIL(&endpoints, ep, next);
    return ep;
}

/* A device that asks for nothing shares what there is; what it asks for, it must get. */
static bool check_agreement(const VmmioEndpoint *ep, const char *property, const char *first,
                            const char *second, Error **errp)
{
    if (second && g_strcmp0(first, second)) {
        error_setg(errp, "vmmio: %s=%s, but an earlier device of listen=%s has %s%s: the "
                   "devices of one endpoint share it", property, second, ep->config.listen,
                   first ? "" : "none", first ? first : "");
        return false;
    }
    return true;
}

VmmioEndpoint *vmmio_endpoint_get(const VmmioEndpointConfig *config, Error **errp)
{
    VmmioEndpoint *ep;

    QTAILQ_FOREACH(ep, &endpoints, next) {
        if (!strcmp(ep->config.listen, config->listen)) {
            bool agreed =
                check_agreement(ep, "tls-creds", ep->config.tls_creds, config->tls_creds, errp) &&
                check_agreement(ep, "tls-authz", ep->config.tls_authz, config->tls_authz, errp);

            return agreed ? ep : NULL;
        }
    }
    return endpoint_new(config, errp);
}

bool vmmio_endpoint_add_range(VmmioEndpoint *ep, VmmioRange *range, Error **errp)
{
    QEMU_LOCK_GUARD(&ep->lock);
    if (ep->n_ranges == VMMIO_RANGES_MAX) {
        error_setg(errp, "vmmio: %s has %u ranges already: give this one another listen=",
                   vmmio_endpoint_address(ep), VMMIO_RANGES_MAX);
        return false;
    }
    range->index = ep->n_ranges;
    ep->ranges[ep->n_ranges++] = range;
    return true;
}
