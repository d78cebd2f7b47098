/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The listening side of an endpoint: a bound socket that brings clients in,
 * through a TLS handshake where credentials are given.
 *
 * A handshake runs in QEMU's main loop, so that a client that says nothing
 * holds up neither the thread that accepts nor QMP; a client that has not
 * finished it after VMMIO_HANDSHAKE_MS is dropped. Whoever is dropped is
 * reported on standard error with the reason. A listener lives as long as QEMU,
 * which removes the file of a Unix socket when it exits.
 */
#ifndef HW_MISC_VMMIO_LISTENER_H
#define HW_MISC_VMMIO_LISTENER_H

#include "io/channel.h"

#define VMMIO_HANDSHAKE_MS 10000

typedef struct VmmioListener VmmioListener;

/*
 * What becomes of a client: first admit(), then, if that is true, exactly one
 * of the others, or vmmio_listener_drop_handshake(). admit() is called by the
 * thread that accepts, without the BQL. The others are too when there is no TLS;
 * with TLS they come from QEMU's main thread with the BQL held. None may wait.
 * `peer` is for messages and valid during the call.
 */
typedef struct VmmioListenerOps {
    /* May this client stay? It is counted from here on. The callee tells why not. */
    bool (*admit)(const char *peer, void *opaque);

    /*
     * Ready to talk. Takes over the reference of ioc, which is non-blocking;
     * fd is its socket, to be polled. With TLS a poll does not see what ioc has
     * decrypted already: read until QIO_CHANNEL_ERR_BLOCK before a poll. One
     * thread at a time may use a TLS channel, also for reading and writing.
     */
    void (*connected)(QIOChannel *ioc, int fd, const char *peer, void *opaque);

    /* Admitted, but the TLS handshake failed; the reason has been reported. */
    void (*failed)(const char *peer, void *opaque);
} VmmioListenerOps;

/*
 * Listen on `address`: "HOST:PORT", "[v6]:PORT" or "unix:PATH". `tls_creds` is
 * the id of a tls-creds object for servers, or NULL for none; ops must live as
 * long as QEMU. Without TLS, an address that other machines reach is warned of.
 * BQL held. NULL and an error when the address is malformed or cannot be bound,
 * when a Unix socket's path is in use, or when there are no such credentials.
 */
VmmioListener *vmmio_listener_new(const char *address, const char *tls_creds,
                                  const VmmioListenerOps *ops, void *opaque, Error **errp);

/*
 * Let in only clients whose certificate's name the authz object of that id
 * allows; it is looked up again for each client. BQL held, before the first
 * client is accepted. False and an error when there is no such object, or when
 * the credentials verify no client certificates.
 */
bool vmmio_listener_set_authz(VmmioListener *l, const char *tls_authz, Error **errp);

/* The address really bound, "HOST:PORT" or "unix:PATH". Owned by the listener. Any thread. */
const char *vmmio_listener_address(const VmmioListener *l);

/* The listening socket, non-blocking; readable when a client waits. Any thread. */
int vmmio_listener_fd(const VmmioListener *l);

/*
 * Take one client. Never waits for one. False when none can be taken for now, as
 * for want of file descriptors: a caller that polls should try again some time
 * later. The first such failure after a success prints a warning. Any thread,
 * one at a time, without the BQL.
 */
bool vmmio_listener_accept(VmmioListener *l);

/*
 * Give the place of the client whose TLS handshake began first, of those that
 * are under way, to somebody else: it is dropped, and no function of the ops is
 * called for it any more. False when there is none. Any thread, also from admit().
 */
bool vmmio_listener_drop_handshake(VmmioListener *l);

#endif
