/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/sockets.h"
#include "qapi/error.h"
#include "vmmio-stream.h"

/* How long a sleeping read lasts. */
static void set_slice(int fd)
{
    struct timeval slice = { .tv_usec = VMMIO_SLICE_MS * 1000 };

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof(slice));
}

void vmmio_stream_init(VmmioStream *stream, QIOChannel *ioc, int fd)
{
    stream->ioc = ioc;
    stream->tls = (QIOChannelTLS *)object_dynamic_cast(OBJECT(ioc), TYPE_QIO_CHANNEL_TLS);
    stream->fd = fd;
    qemu_mutex_init(&stream->lock);
    qio_channel_set_blocking(ioc, stream->tls == NULL, &error_abort);
    qio_channel_set_delay(ioc, false);
    set_slice(fd);
}

void vmmio_stream_destroy(VmmioStream *stream)
{
    object_unref(OBJECT(stream->ioc));
    qemu_mutex_destroy(&stream->lock);
}

/* What a failed call on a socket means, in the terms of a channel. */
static ssize_t socket_error(void)
{
    return errno == EAGAIN || errno == EINTR ? QIO_CHANNEL_ERR_BLOCK : -1;
}

static ssize_t read_socket(VmmioStream *stream, uint8_t *bytes, size_t len, bool sleep)
{
    ssize_t n = recv(stream->fd, bytes, len, sleep ? 0 : MSG_DONTWAIT);

    return n < 0 ? socket_error() : n;
}

static ssize_t write_socket(VmmioStream *stream, const uint8_t *bytes, size_t len)
{
    ssize_t n = send(stream->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    return n < 0 ? socket_error() : n;
}

static ssize_t read_session(VmmioStream *stream, uint8_t *bytes, size_t len, bool sleep)
{
    GPollFD pfd = { .fd = stream->fd, .events = G_IO_IN };

    if (sleep && g_poll(&pfd, 1, VMMIO_SLICE_MS) <= 0) {
        return QIO_CHANNEL_ERR_BLOCK;
    }
    QEMU_LOCK_GUARD(&stream->lock);
    return qio_channel_read(stream->ioc, (char *)bytes, len, NULL);
}

static ssize_t write_session(VmmioStream *stream, const uint8_t *bytes, size_t len)
{
    QEMU_LOCK_GUARD(&stream->lock);
    return qio_channel_write(stream->ioc, (const char *)bytes, len, NULL);
}

ssize_t vmmio_stream_read(VmmioStream *stream, uint8_t *bytes, size_t len, bool sleep)
{
    return stream->tls ? read_session(stream, bytes, len, sleep)
                       : read_socket(stream, bytes, len, sleep);
}

bool vmmio_stream_holds_bytes(VmmioStream *stream)
{
    return stream->tls &&
           qcrypto_tls_session_check_pending(qio_channel_tls_get_session(stream->tls)) > 0;
}

ssize_t vmmio_stream_write(VmmioStream *stream, const uint8_t *bytes, size_t len)
{
    ssize_t n = stream->tls ? write_session(stream, bytes, len) : write_socket(stream, bytes, len);

    return n == QIO_CHANNEL_ERR_BLOCK ? 0 : n;
}

/* Not through the channel: a TLS one would want to take its leave first. */
void vmmio_stream_shutdown(VmmioStream *stream)
{
    shutdown(stream->fd, SHUT_RDWR);
}
