/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include "qemu/error-report.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "vmmio-endpoint-internal.h"
#include "trace.h"

static QTAILQ_HEAD(, VmmioEndpoint) endpoints = QTAILQ_HEAD_INITIALIZER(endpoints);

const char *vmmio_endpoint_address(const VmmioEndpoint *ep)
{
    return vmmio_listener_address(ep->listener);
}

VmmioLinkStats vmmio_endpoint_stats(VmmioEndpoint *ep)
{
    VmmioLinkStats stats;
    VmmioConn *conn;

    QEMU_LOCK_GUARD(&ep->lock);
    stats = ep->past;
    QTAILQ_FOREACH(conn, &ep->conns, next) {
        vmmio_link_sum(&stats, &conn->stats);
    }
    return stats;
}

/* A connection that has ended still holds its ranges until it is reaped. Lock held. */
static bool has_live_holder(const VmmioRange *range)
{
    return range->holder && vmmio_conn_is_open(range->holder);
}

VmmioConn *vmmio_endpoint_holder(VmmioEndpoint *ep, VmmioRange *range)
{
    QEMU_LOCK_GUARD(&ep->lock);
    return has_live_holder(range) ? vmmio_conn_ref(range->holder) : NULL;
}

VmmioOutcome vmmio_endpoint_wait_claim(VmmioEndpoint *ep, VmmioRange *range,
                                       const VmmioWait *wait)
{
    VmmioWait endless = *wait;

    endless.deadline_ns = INT64_MAX; /* one that is over would hide that the vCPU is to leave */
    QEMU_LOCK_GUARD(&ep->lock);
    while (!has_live_holder(range)) {
        if (vmmio_wait_outcome(&endless) == VMMIO_INTERRUPTED) {
            return VMMIO_INTERRUPTED;
        }
        qemu_cond_timedwait(&ep->claimed, &ep->lock, VMMIO_SLICE_MS);
    }
    return VMMIO_ANSWERED;
}

bool vmmio_endpoint_holds_any(VmmioEndpoint *ep, VmmioConn *conn)
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
    return before;
}

static void close_loser(VmmioEndpoint *ep, unsigned index, VmmioConn *winner, VmmioConn *loser)
{
    warn_report("vmmio: %s: range %u is now claimed by %s: connection of %s closed",
                vmmio_endpoint_address(ep), index, winner->peer, loser->peer);
    vmmio_conn_shutdown(loser);
}

static void wake_claim_waiters(VmmioEndpoint *ep)
{
    QEMU_LOCK_GUARD(&ep->lock);
    qemu_cond_broadcast(&ep->claimed);
}

static void claim(VmmioEndpoint *ep, VmmioConn *conn, unsigned index)
{
    VmmioRange *range;
    VmmioConn *before;

    if (index >= ep->n_ranges) {
        warn_report("vmmio: %s: client %s claims range %u, but there are only %u: "
                    "connection closed", vmmio_endpoint_address(ep), conn->peer, index, ep->n_ranges);
        vmmio_conn_shutdown(conn);
        return;
    }
    range = ep->ranges[index];
    bql_lock();
    if (!vmmio_conn_is_open(conn)) { /* another client has just won a range from this one */
        bql_unlock();
        return;
    }
    trace_vmmio_claimed(range->name, conn->peer);
    before = change_holder(ep, range, conn);
    qatomic_set(&range->claims, range->claims + 1);
    if (before != conn) {
        range->claimed(range, conn->peer);
    }
    if (before && before != conn) {
        close_loser(ep, index, conn, before);
    }
    bql_unlock();
    wake_claim_waiters(ep);
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

/* The request becomes its reply. Requests of one connection are served in order. */
static void serve_dma(VmmioEndpoint *ep, VmmioConn *conn, const struct vmmio_packet *p,
                      const uint8_t *request)
{
    uint8_t *block = vmmio_conn_make_reply(conn, request);

    if (!vmmio_dma_serve(&ep->dma_ranges, conn->peer, p, block)) {
        vmmio_link_count(&conn->stats.dma_errors);
    }
}

void vmmio_endpoint_on_packet(VmmioConn *conn, const struct vmmio_packet *p,
                              const uint8_t *block, void *opaque)
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
        vmmio_link_count(&conn->stats.dma_reads);
        serve_dma(ep, conn, p, block);
        break;
    case VMMIO_OP_WRITEA:
        vmmio_link_count(&conn->stats.dma_writes);
        serve_dma(ep, conn, p, block);
        break;
    default:
        vmmio_link_count(&conn->stats.unknown_opcodes);
        trace_vmmio_unknown_opcode(conn->peer, p->opcode);
        break;
    }
}

/* Back to the fallback, if it is still this connection that holds the range. */
static void release_range(VmmioEndpoint *ep, VmmioRange *range, VmmioConn *conn)
{
    bool held;

    bql_lock();
    held = qatomic_read(&range->holder) == conn;
    if (held) {
        trace_vmmio_released(range->name, conn->peer);
        change_holder(ep, range, NULL);
    }
    bql_unlock();
    if (held) {
        vmmio_conn_unref(conn);
    }
}

void vmmio_endpoint_release(VmmioEndpoint *ep, VmmioConn *conn)
{
    for (unsigned i = 0; i < ep->n_ranges; i++) {
        release_range(ep, ep->ranges[i], conn);
    }
}

/* Have the link thread told, by this pointer, when fd can be read. */
static bool watch(VmmioEndpoint *ep, int fd, void *ptr)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = ptr };

    return epoll_ctl(ep->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool endpoint_listen(VmmioEndpoint *ep, const VmmioEndpointConfig *config, Error **errp)
{
    ep->listener = vmmio_listener_new(config->listen, config->tls_creds, &vmmio_link_ops, ep,
                                      errp);
    if (!ep->listener ||
        (config->tls_authz && !vmmio_listener_set_authz(ep->listener, config->tls_authz, errp))) {
        return false;
    }
    ep->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    ep->burst_fd = ep->epoll_fd < 0 ? -1 : timerfd_create(CLOCK_MONOTONIC,
                                                          TFD_CLOEXEC | TFD_NONBLOCK);
    if (ep->burst_fd < 0 || !watch(ep, vmmio_listener_fd(ep->listener), NULL) ||
        !watch(ep, ep->burst_fd, &ep->burst_fd)) {
        error_setg_errno(errp, errno, "vmmio: listen=%s: cannot watch the socket", config->listen);
        return false;
    }
    return true;
}

/* An endpoint that could not be made ends QEMU's start: what it had is not given back. */
static VmmioEndpoint *endpoint_new(const VmmioEndpointConfig *config, Error **errp)
{
    VmmioEndpoint *ep = g_new0(VmmioEndpoint, 1);

    ep->listen = g_strdup(config->listen);
    ep->tls_creds = g_strdup(config->tls_creds);
    ep->tls_authz = g_strdup(config->tls_authz);
    ep->dma_text = g_strdup(config->dma_ranges);
    ep->ping_ms = config->ping_ms;
    ep->max_connections = config->max_connections;
    qemu_mutex_init(&ep->lock);
    qemu_cond_init(&ep->claimed);
    QTAILQ_INIT(&ep->conns);
    if (!vmmio_dma_ranges_parse(config->dma_ranges, &ep->dma_ranges, errp) ||
        !endpoint_listen(ep, config, errp)) {
        return NULL;
    }
    vmmio_link_init(ep);
    vmmio_dma_init();
    return ep;
}

/* What to call a property's text in a message; "none" is a value of some. */
static const char *name_value(const char *text)
{
    if (!text) {
        return "nothing";
    }
    return *text ? text : "an empty text";
}

static bool check_agreement(const VmmioEndpoint *ep, const char *property, const char *first,
                            const char *second, Error **errp)
{
    if (second && g_strcmp0(first, second)) {
        error_setg(errp, "vmmio: %s=%s, but an earlier device of listen=%s has %s: the "
                   "devices of one endpoint share it", property, second, ep->listen,
                   name_value(first));
        return false;
    }
    return true;
}

VmmioEndpoint *vmmio_endpoint_get(const VmmioEndpointConfig *config, Error **errp)
{
    VmmioEndpoint *ep;

    QTAILQ_FOREACH(ep, &endpoints, next) {
        if (!strcmp(ep->listen, config->listen)) {
            bool agreed =
                check_agreement(ep, "tls-creds", ep->tls_creds, config->tls_creds, errp) &&
                check_agreement(ep, "tls-authz", ep->tls_authz, config->tls_authz, errp) &&
                check_agreement(ep, "dma-ranges", ep->dma_text, config->dma_ranges, errp);

            return agreed ? ep : NULL;
        }
    }
    ep = endpoint_new(config, errp);
    if (ep) {
        QTAILQ_INSERT_TAIL(&endpoints, ep, next);
    }
    return ep;
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
