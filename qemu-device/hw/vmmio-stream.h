/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a connection: those of a socket, or of a TLS session over it.
 *
 * A plain socket is used directly, not by its QIOChannel: a read that may sleep
 * is one system call then, and a guest access waits in it. A TLS session is not
 * for two threads at once, so reads and writes of it take turns.
 *
 * One thread may read while another one writes.
 */
#ifndef HW_MISC_VMMIO_STREAM_H
#define HW_MISC_VMMIO_STREAM_H

#include "qemu/thread.h"
#include "io/channel.h"
#include "io/channel-tls.h"

typedef struct VmmioStream {
    QIOChannel *ioc;
    QIOChannelTLS *tls; /* the same, NULL for a plain socket */
    int fd;             /* of the socket below */
    QemuMutex lock;     /* of the session */
} VmmioStream;

/* A read that may sleep sleeps this long; a plain socket's takes up to two timer ticks more. */
#define VMMIO_SLICE_MS 1

/* Takes over one reference of ioc, whose socket is fd. */
void vmmio_stream_init(VmmioStream *stream, QIOChannel *ioc, int fd);

/* Releases the channel, and with it closes the socket. */
void vmmio_stream_destroy(VmmioStream *stream);

/*
 * Read what is there, up to len bytes. When nothing is and the thread may
 * `sleep`, wait for it for one slice. Returns the number of bytes,
 * QIO_CHANNEL_ERR_BLOCK for none so far, 0 for the peer's end, -1 on error.
 */
ssize_t vmmio_stream_read(VmmioStream *stream, uint8_t *bytes, size_t len, bool sleep);

/* True when a TLS session holds bytes of which the socket tells nothing. Reader only. */
bool vmmio_stream_holds_bytes(VmmioStream *stream);

/* Write as much as the socket takes without waiting. Returns that, 0 for none, or -1 on error. */
ssize_t vmmio_stream_write(VmmioStream *stream, const uint8_t *bytes, size_t len);

/* End the connection in both directions; any thread, at any time. Readers wake up. */
void vmmio_stream_shutdown(VmmioStream *stream);

#endif
