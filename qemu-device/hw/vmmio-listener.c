/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "qemu/notify.h"
#include "qemu/queue.h"
#include "qemu/sockets.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "authz/base.h"
#include "block/aio.h"
#include "crypto/tlscreds.h"
#include "crypto/tlscredsx509.h"
#include "io/channel-socket.h"
#include "io/channel-tls.h"
#include "system/system.h"
#include "vmmio-address.h"
#include "vmmio-listener.h"
#include "trace.h"

/* Clients that connect while nobody accepts, as before the VM is ready. */
#define BACKLOG 1024

typedef struct Handshake Handshake;

struct VmmioListener {
    /* fixed from the first client on */
    QIOChannelSocket *socket;
    char *address;          /* as bound */
    QCryptoTLSCreds *creds; /* NULL = no TLS */
    char *authz;            /* NULL = every certificate that is valid */
    const VmmioListenerOps *ops;
    void *opaque;

    char *socket_file; /* absolute path, of a Unix socket */
    Notifier exit;

    bool failing; /* accepting thread: the last client could not be taken */

    QemuMutex lock; /* guards all below */
    QTAILQ_HEAD(, Handshake) handshakes; /* oldest first, without those that are dropped */
};

/*
 * A client between accept and the end of its handshake. Used by the main thread,
 * BQL held, but for what the listener's lock guards.
 */
struct Handshake {
    VmmioListener *listener;
    QIOChannelSocket *socket;
    char *peer;
    QEMUTimer deadline;
    bool too_late;

    bool dropped; /* its place is another client's; guarded by the listener's lock */
    QTAILQ_ENTRY(Handshake) next;
};

const char *vmmio_listener_address(const VmmioListener *l)
{
    return l->address;
}

int vmmio_listener_fd(const VmmioListener *l)
{
    return l->socket->fd;
}

static void handshake_free(Handshake *h)
{
    timer_del(&h->deadline);
    object_unref(OBJECT(h->socket));
    g_free(h->peer);
    g_free(h);
}

/* The handshake is over. False when another client has its place. */
static bool leave_handshakes(Handshake *h)
{
    VmmioListener *l = h->listener;

    QEMU_LOCK_GUARD(&l->lock);
    if (!h->dropped) {
        QTAILQ_REMOVE(&l->handshakes, h, next);
    }
    return !h->dropped;
}

/* Consumes the error. */
static void handshake_failed(Handshake *h, Error *err)
{
    VmmioListener *l = h->listener;

    if (h->too_late) {
        warn_report("vmmio: %s: client %s dropped: no TLS handshake within %u s", l->address,
                    h->peer, VMMIO_HANDSHAKE_MS / 1000);
    } else {
        warn_report("vmmio: %s: client %s dropped: %s", l->address, h->peer,
                    error_get_pretty(err));
    }
    error_free(err);
    l->ops->failed(h->peer, l->opaque);
}

static void handshake_done(QIOTask *task, void *opaque)
{
    Handshake *h = opaque;
    VmmioListener *l = h->listener;
    QIOChannel *ioc = QIO_CHANNEL(qio_task_get_source(task));
    Error *err = NULL;

    qio_task_propagate_error(task, &err);
    if (!leave_handshakes(h)) {
        error_free(err);
    } else if (err) {
        handshake_failed(h, err);
    } else {
        trace_vmmio_tls_established(l->address, h->peer);
        object_ref(OBJECT(ioc));
        l->ops->connected(ioc, h->socket->fd, h->peer, l->opaque);
    }
    handshake_free(h);
}

/* The handshake sees the end of the connection and fails. */
static void handshake_too_late(void *opaque)
{
    Handshake *h = opaque;

    h->too_late = true;
    qio_channel_shutdown(QIO_CHANNEL(h->socket), QIO_CHANNEL_SHUTDOWN_BOTH, NULL);
}

static void handshake_begin(void *opaque)
{
    Handshake *h = opaque;
    VmmioListener *l = h->listener;
    QIOChannelTLS *tls;
    Error *err = NULL;

    timer_init_ms(&h->deadline, QEMU_CLOCK_REALTIME, handshake_too_late, h);
    tls = qio_channel_tls_new_server(QIO_CHANNEL(h->socket), l->creds, l->authz, &err);
    if (!tls) {
        if (leave_handshakes(h)) {
            handshake_failed(h, err);
        } else {
            error_free(err);
        }
        handshake_free(h);
        return;
    }
    timer_mod(&h->deadline, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + VMMIO_HANDSHAKE_MS);
    qio_channel_tls_handshake(tls, handshake_done, h, NULL, NULL);
    object_unref(OBJECT(tls));
}

/* The client of a Unix socket has no address: its process tells it from others. */
static char *peer_text(QIOChannelSocket *socket)
{
    g_autoptr(SocketAddress) addr = qio_channel_socket_get_remote_address(socket, NULL);
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (addr && addr->type == SOCKET_ADDRESS_TYPE_INET) {
        return vmmio_address_text(addr);
    }
    if (getsockopt(socket->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0) {
        return g_strdup_printf("process %d", (int)peer.pid);
    }
    return g_strdup("unknown peer");
}

static void begin_handshake(VmmioListener *l, QIOChannelSocket *socket, const char *peer)
{
    Handshake *h = g_new0(Handshake, 1);

    h->listener = l;
    h->socket = socket;
    h->peer = g_strdup(peer);
    WITH_QEMU_LOCK_GUARD(&l->lock) {
        QTAILQ_INSERT_TAIL(&l->handshakes, h, next);
    }
    aio_bh_schedule_oneshot(qemu_get_aio_context(), handshake_begin, h);
}

bool vmmio_listener_drop_handshake(VmmioListener *l)
{
    Handshake *oldest;

    QEMU_LOCK_GUARD(&l->lock);
    oldest = QTAILQ_FIRST(&l->handshakes);
    if (!oldest) {
        return false;
    }
    warn_report("vmmio: %s: client %s dropped: another one came and all connections are taken "
                "(max-connections), this one by an unfinished TLS handshake", l->address,
                oldest->peer);
    QTAILQ_REMOVE(&l->handshakes, oldest, next);
    oldest->dropped = true;
    shutdown(oldest->socket->fd, SHUT_RDWR);
    return true;
}

/* True when it was only that client. */
static bool tell_of_failure(VmmioListener *l, int error)
{
    if (error == EAGAIN || error == EINTR || error == ECONNABORTED || error == EPROTO) {
        return true;
    }
    if (!l->failing) {
        warn_report("vmmio: %s: cannot accept clients: %s: they wait until it is possible again",
                    l->address, strerror(error));
    }
    l->failing = true;
    return false;
}

bool vmmio_listener_accept(VmmioListener *l)
{
    int fd = qemu_accept(l->socket->fd, NULL, NULL);
    QIOChannelSocket *socket;
    g_autofree char *peer = NULL;

    if (fd < 0) {
        return tell_of_failure(l, errno);
    }
    l->failing = false;
    socket = qio_channel_socket_new_fd(fd, NULL);
    if (!socket) {
        close(fd);
        return true;
    }
    peer = peer_text(socket);
    if (!l->ops->admit(peer, l->opaque)) {
        object_unref(OBJECT(socket));
        return true;
    }
    qio_channel_set_blocking(QIO_CHANNEL(socket), false, &error_abort);
    qio_channel_set_delay(QIO_CHANNEL(socket), false);
    if (l->creds) {
        begin_handshake(l, socket, peer);
    } else {
        l->ops->connected(QIO_CHANNEL(socket), socket->fd, peer, l->opaque);
    }
    return true;
}

/* A reference to the object that the user gave that id, or NULL and an error. */
static Object *find_object(const char *property, const char *id, const char *type, Error **errp)
{
    Object *obj = object_resolve_path_component(object_get_objects_root(), id);

    if (!obj || !object_dynamic_cast(obj, type)) {
        error_setg(errp, "vmmio: %s=%s: there is no %s object of that id: give one with -object",
                   property, id, type);
        return NULL;
    }
    return object_ref(obj);
}

static QCryptoTLSCreds *find_creds(const char *id, Error **errp)
{
    Object *obj = find_object("tls-creds", id, TYPE_QCRYPTO_TLS_CREDS, errp);

    if (obj && !qcrypto_tls_creds_check_endpoint(QCRYPTO_TLS_CREDS(obj),
                                                 QCRYPTO_TLS_CREDS_ENDPOINT_SERVER, errp)) {
        error_prepend(errp, "vmmio: tls-creds=%s: give that object endpoint=server: ", id);
        object_unref(obj);
        return NULL;
    }
    return (QCryptoTLSCreds *)obj;
}

/* Without a verified certificate there is no name, and the authz object is never asked. */
static bool verifies_certificates(QCryptoTLSCreds *creds)
{
    return creds && object_dynamic_cast(OBJECT(creds), TYPE_QCRYPTO_TLS_CREDS_X509) &&
           object_property_get_bool(OBJECT(creds), "verify-peer", &error_abort);
}

bool vmmio_listener_set_authz(VmmioListener *l, const char *tls_authz, Error **errp)
{
    Object *obj = find_object("tls-authz", tls_authz, TYPE_QAUTHZ, errp);

    if (!obj) {
        return false;
    }
    object_unref(obj);
    if (!verifies_certificates(l->creds)) {
        error_setg(errp, "vmmio: tls-authz=%s needs the tls-creds= of a tls-creds-x509 object "
                   "with verify-peer=on", tls_authz);
        return false;
    }
    l->authz = g_strdup(tls_authz);
    return true;
}

/* Of use only where a port is what another program has. */
static const char *port_hint(const SocketAddress *addr, const Error *err)
{
    return addr->type == SOCKET_ADDRESS_TYPE_INET &&
           strstr(error_get_pretty(err), strerror(EADDRINUSE)) ? ", port 0 takes a free one" : "";
}

static QIOChannelSocket *listen_on(const SocketAddress *addr, const char *text, Error **errp)
{
    ERRP_GUARD();
    g_autoptr(QIOChannelSocket) socket = qio_channel_socket_new();

    if (!vmmio_address_check_free(addr, errp) ||
        qio_channel_socket_listen_sync(socket, (SocketAddress *)addr, BACKLOG, errp) < 0) {
        error_prepend(errp, "vmmio: cannot listen on %s (give another listen=%s): ", text,
                      port_hint(addr, *errp));
        return NULL;
    }
    qio_channel_set_blocking(QIO_CHANNEL(socket), false, &error_abort);
    return g_steal_pointer(&socket);
}

/* What the kernel bound, which tells the port when 0 was asked for. */
static void note_bound_address(VmmioListener *l)
{
    g_autoptr(SocketAddress) addr = qio_channel_socket_get_local_address(l->socket, &error_abort);

    l->address = vmmio_address_text(addr);
    if (!l->creds && !vmmio_address_is_local(addr)) {
        warn_report("vmmio: %s can be reached from other machines, and whoever "
                    "connects controls the device", l->address);
    }
}

static void remove_socket_file(Notifier *notifier, void *data)
{
    VmmioListener *l = container_of(notifier, VmmioListener, exit);

    unlink(l->socket_file);
}

/* The path is absolute, as QEMU may have changed its directory by then. */
static void remove_at_exit(VmmioListener *l, const SocketAddress *addr)
{
    if (addr->type == SOCKET_ADDRESS_TYPE_UNIX) {
        l->socket_file = g_canonicalize_filename(addr->u.q_unix.path, NULL);
        l->exit.notify = remove_socket_file;
        qemu_add_exit_notifier(&l->exit);
    }
}

VmmioListener *vmmio_listener_new(const char *address, const char *tls_creds,
                                  const VmmioListenerOps *ops, void *opaque, Error **errp)
{
    g_autoptr(SocketAddress) addr = vmmio_address_parse(address, errp);
    QCryptoTLSCreds *creds = NULL;
    QIOChannelSocket *socket;
    VmmioListener *l;

    if (!addr || (tls_creds && !(creds = find_creds(tls_creds, errp)))) {
        return NULL;
    }
    socket = listen_on(addr, address, errp);
    if (!socket) {
        object_unref(OBJECT(creds));
        return NULL;
    }
    l = g_new0(VmmioListener, 1);
    l->socket = socket;
    l->creds = creds;
    l->ops = ops;
    l->opaque = opaque;
    qemu_mutex_init(&l->lock);
    QTAILQ_INIT(&l->handshakes);
    note_bound_address(l);
    remove_at_exit(l, addr);
    return l;
}
