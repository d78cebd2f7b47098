/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include <sys/epoll.h>
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/sockets.h"
#include "qapi/error.h"
#include "system/system.h"
#include "io/channel-socket.h"
#include "vmmio-endpoint.h"
#include "trace.h"

#define CONNECTIONS_MAX 16

/* After a failed accept(), so that a lack of descriptors does not make the thread spin. */
#define ACCEPT_PAUSE_US 10000

struct VmmioEndpoint {
    char *listen;  /* as given, the key */
    char *address; /* as bound */
    QIOChannelSocket *listener;
    int epoll_fd;
    uint32_t ping_ms;
    char *dma_text; /* as given, NULL = all RAM */
    VmmioDmaRanges dma_allowed;
    VmmioLinkStats stats;
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
    return ep->address;
}

const VmmioLinkStats *vmmio_endpoint_stats(const VmmioEndpoint *ep)
{
    return &ep->stats;
}

bool vmmio_endpoint_limit_dma(VmmioEndpoint *ep, const char *dma_ranges, Error **errp)
{
    if (ep->n_ranges == 0) {
        ep->dma_text = g_strdup(dma_ranges);
        return vmmio_dma_ranges_parse(dma_ranges, &ep->dma_allowed, errp);
    }
    if (dma_ranges && g_strcmp0(dma_ranges, ep->dma_text)) {
        error_setg(errp, "vmmio: dma-ranges=%s, but an earlier device of listen=%s has %s: the "
                   "devices of one endpoint share it", dma_ranges, ep->listen,
                   ep->dma_text ? ep->dma_text : "none given");
        return false;
    }
    return true;
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
        range->released(range, before->peer);
    }
    if (conn && conn != before) {
        range->claimed(range, conn->peer);
    }
    return before;
}

static void close_loser(VmmioEndpoint *ep, unsigned index, VmmioConn *winner, VmmioConn *loser)
{
    warn_report("vmmio: %s: range %u is now claimed by %s: connection of %s closed",
                ep->address, index, winner->peer, loser->peer);
    vmmio_conn_shutdown(loser);
}

static void claim(VmmioEndpoint *ep, VmmioConn *conn, unsigned index)
{
    VmmioConn *before;

    if (index >= ep->n_ranges) {
        warn_report("vmmio: %s: client %s claims range %u, but there are only %u: "
                    "connection closed", ep->address, conn->peer, index, ep->n_ranges);
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

static void serve_dma(VmmioEndpoint *ep, VmmioConn *conn, bool write, const uint8_t *block)
{
    uint8_t reply[VMMIO_BLOCK];

    memcpy(reply, block, VMMIO_BLOCK);
    vmmio_link_count(write ? &ep->stats.dma_writes : &ep->stats.dma_reads);
    if (!vmmio_dma_serve(&ep->dma_allowed, conn->peer, reply)) {
        vmmio_link_count(&ep->stats.dma_errors);
    }
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
        serve_dma(ep, conn, p->opcode == VMMIO_OP_WRITEA, block);
        break;
    default:
        vmmio_link_count(&ep->stats.unknown_opcodes);
        trace_vmmio_unknown_opcode(conn->peer, p->opcode);
        break;
    }
}

static char *address_text(SocketAddress *addr)
{
    if (addr->type == SOCKET_ADDRESS_TYPE_INET && strchr(addr->u.inet.host, ':')) {
        return g_strdup_printf("[%s]:%s", addr->u.inet.host, addr->u.inet.port);
    }
    if (addr->type == SOCKET_ADDRESS_TYPE_INET) {
        return g_strdup_printf("%s:%s", addr->u.inet.host, addr->u.inet.port);
    }
    return socket_uri(addr);
}

static char *peer_text(QIOChannelSocket *ioc)
{
    g_autoptr(SocketAddress) addr = qio_channel_socket_get_remote_address(ioc, NULL);

    return addr ? address_text(addr) : g_strdup("unknown peer");
}

static void accept_client(VmmioEndpoint *ep)
{
    QIOChannelSocket *ioc = qio_channel_socket_accept(ep->listener, NULL);
    g_autofree char *peer = NULL;
    VmmioConn *conn;

    if (!ioc) {
        /* The client went away again, or there is no descriptor to be had for a while. */
        g_usleep(ACCEPT_PAUSE_US);
        return;
    }
    peer = peer_text(ioc);
    if (ep->n_conns >= CONNECTIONS_MAX) {
        warn_report("vmmio: %s: connection of %s refused: there are %u already",
                    ep->address, peer, ep->n_conns);
        object_unref(OBJECT(ioc));
        return;
    }
    trace_vmmio_connected(ep->address, peer);
    QEMU_LOCK_GUARD(&ep->lock);
    conn = vmmio_conn_new(QIO_CHANNEL(ioc), ioc->fd, ep->epoll_fd, peer, on_packet, ep,
                          &ep->stats);
    vmmio_link_count(&ep->stats.connections);
    QTAILQ_INSERT_TAIL(&ep->conns, conn, next);
    ep->n_conns++;
}

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
        accept_client(ep);
    } else if (!vmmio_conn_serve(conn)) {
        reap(ep, conn);
    }
}

/* Milliseconds until the next look for silent connections; -1 = never. */
static int time_to_tick(const VmmioEndpoint *ep, int64_t last_tick_us)
{
    int64_t gone_ms = (g_get_monotonic_time() - last_tick_us) / 1000;

    return ep->ping_ms ? MIN(MAX(ep->ping_ms - gone_ms, 0), INT_MAX) : -1;
}

static void *link_thread(void *opaque)
{
    VmmioEndpoint *ep = opaque;
    int64_t last_tick_us = g_get_monotonic_time();

    rcu_register_thread();
    for (;;) {
        struct epoll_event events[CONNECTIONS_MAX + 1];
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

static bool is_loopback(const SocketAddress *addr)
{
    if (addr->type != SOCKET_ADDRESS_TYPE_INET) {
        return true;
    }
    return g_str_has_prefix(addr->u.inet.host, "127.") ||
           !strcmp(addr->u.inet.host, "::1");
}

/* What the kernel bound, which tells the port when 0 was asked for. */
static void note_bound_address(VmmioEndpoint *ep)
{
    g_autoptr(SocketAddress) addr = qio_channel_socket_get_local_address(ep->listener,
                                                                         &error_abort);

    ep->address = address_text(addr);
    if (!is_loopback(addr)) {
        warn_report("vmmio: %s can be reached from other machines, and whoever "
                    "connects controls the device", ep->address);
    }
}

/* The resolver would cut a larger port to 16 bits. */
static bool check_port(const SocketAddress *addr, Error **errp)
{
    unsigned port;

    if (addr->type == SOCKET_ADDRESS_TYPE_INET &&
        (qemu_strtoui(addr->u.inet.port, NULL, 10, &port) < 0 || port > UINT16_MAX)) {
        error_setg(errp, "the port is no number from 0 to 65535");
        return false;
    }
    return true;
}

static QIOChannelSocket *listen_on(const char *text, Error **errp)
{
    g_autoptr(SocketAddress) addr = socket_parse(text, errp);
    g_autoptr(QIOChannelSocket) ioc = NULL;

    if (!addr || !check_port(addr, errp)) {
        error_prepend(errp, "vmmio: listen=%s is no HOST:PORT, [v6]:PORT or unix:PATH: ", text);
        return NULL;
    }
    ioc = qio_channel_socket_new();
    if (qio_channel_socket_listen_sync(ioc, addr, CONNECTIONS_MAX, errp) < 0) {
        error_prepend(errp, "vmmio: cannot listen on %s (give another listen=, "
                      "port 0 takes a free one): ", text);
        return NULL;
    }
    return g_steal_pointer(&ioc);
}

static VmmioEndpoint *endpoint_new(const char *text, QIOChannelSocket *listener, uint32_t ping_ms)
{
    VmmioEndpoint *ep = g_new0(VmmioEndpoint, 1);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

    ep->listen = g_strdup(text);
    ep->listener = listener;
    ep->ping_ms = ping_ms;
    ep->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    qemu_mutex_init(&ep->lock);
    QTAILQ_INIT(&ep->conns);
    note_bound_address(ep);
    qio_channel_set_blocking(QIO_CHANNEL(listener), false, &error_abort);
    epoll_ctl(ep->epoll_fd, EPOLL_CTL_ADD, listener->fd, &event);
    ep->machine_done.notify = start_link_thread;
    qemu_add_machine_init_done_notifier(&ep->machine_done);
    return ep;
}

VmmioEndpoint *vmmio_endpoint_get(const char *address, uint32_t ping_ms, Error **errp)
{
    VmmioEndpoint *ep;
    QIOChannelSocket *listener;

    QTAILQ_FOREACH(ep, &endpoints, next) {
        if (!strcmp(ep->listen, address)) {
            return ep;
        }
    }
    listener = listen_on(address, errp);
    if (!listener) {
        return NULL;
    }
    ep = endpoint_new(address, listener, ping_ms);
    QTAILQ_INSERT_TAIL(&endpoints, ep, next);
    return ep;
}

bool vmmio_endpoint_add_range(VmmioEndpoint *ep, VmmioRange *range, Error **errp)
{
    QEMU_LOCK_GUARD(&ep->lock);
    if (ep->n_ranges == VMMIO_RANGES_MAX) {
        error_setg(errp, "vmmio: %s has %u ranges already: give this one another listen=",
                   ep->address, VMMIO_RANGES_MAX);
        return false;
    }
    range->index = ep->n_ranges;
    ep->ranges[ep->n_ranges++] = range;
    return true;
}
