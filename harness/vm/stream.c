/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"

#define READ_MAX 16384

struct VmbStream {
    int fd;
    const VmbStreamEvents *events;
    gpointer data;
    guint read_source; /* 0 while paused and after the end */
    gboolean ended;
    guint write_source;
    GByteArray *unsent;
};

/* Bytes, -1 at the end of the stream. Call only when fd is readable: it may block otherwise. */
static gssize read_once(VmbStream *stream)
{
    guint8 buffer[READ_MAX];
    ssize_t n = read(stream->fd, buffer, sizeof(buffer));

    if (n > 0) {
        stream->events->bytes(stream->data, buffer, (gsize)n);
        return n;
    }
    return n < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : -1;
}

static void report_closed(VmbStream *stream)
{
    stream->ended = TRUE;
    if (stream->events->closed != NULL) {
        stream->events->closed(stream->data);
    }
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
    VmbStream *stream = data;

    (void)fd;
    (void)condition;
    if (read_once(stream) >= 0) {
        return G_SOURCE_CONTINUE;
    }
    stream->read_source = 0;
    report_closed(stream);
    return G_SOURCE_REMOVE;
}

void vmb_stream_pause(VmbStream *stream, gboolean paused)
{
    if (paused) {
        g_clear_handle_id(&stream->read_source, g_source_remove);
    } else if (stream->read_source == 0 && !stream->ended) {
        stream->read_source =
            g_unix_fd_add(stream->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, stream);
    }
}

int vmb_stream_pair(int *far, GError **error)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "socketpair: %s", g_strerror(errno));
        return -1;
    }
    *far = fds[1];
    return fds[0];
}

VmbStream *vmb_stream_new(int fd, const VmbStreamEvents *events, gpointer data)
{
    VmbStream *stream = g_new0(VmbStream, 1);

    stream->fd = fd;
    stream->events = events;
    stream->data = data;
    stream->unsent = g_byte_array_new();
    vmb_stream_pause(stream, FALSE);
    return stream;
}

void vmb_stream_free(VmbStream *stream)
{
    g_clear_handle_id(&stream->read_source, g_source_remove);
    g_clear_handle_id(&stream->write_source, g_source_remove);
    g_byte_array_unref(stream->unsent);
    close(stream->fd);
    g_free(stream);
}

/* FALSE when bytes are left that the socket has no room for. */
static gboolean send_queue(VmbStream *stream)
{
    while (stream->unsent->len > 0) {
        ssize_t n = send(stream->fd, stream->unsent->data, stream->unsent->len,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0) {
            g_byte_array_remove_range(stream->unsent, 0, (guint)n);
        } else if (errno == EAGAIN) {
            return FALSE;
        } else if (errno != EINTR) {
            g_byte_array_set_size(stream->unsent, 0);
        }
    }
    return TRUE;
}

static gboolean on_writable(int fd, GIOCondition condition, gpointer data)
{
    VmbStream *stream = data;

    (void)fd;
    (void)condition;
    if (!send_queue(stream)) {
        return G_SOURCE_CONTINUE;
    }
    stream->write_source = 0;
    return G_SOURCE_REMOVE;
}

void vmb_stream_send(VmbStream *stream, const void *bytes, gsize len)
{
    g_byte_array_append(stream->unsent, bytes, (guint)len);
    if (!send_queue(stream) && stream->write_source == 0) {
        stream->write_source =
            g_unix_fd_add(stream->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_writable, stream);
    }
}

void vmb_stream_end_output(VmbStream *stream)
{
    shutdown(stream->fd, SHUT_WR);
}

void vmb_stream_drain(VmbStream *stream)
{
    struct pollfd poll_in = {.fd = stream->fd, .events = POLLIN};
    int there = 0;

    ioctl(stream->fd, FIONREAD, &there);
    /* The last turn finds the end, if it is one. */
    for (gssize taken = 0, n; !stream->ended && taken <= there && poll(&poll_in, 1, 0) > 0;
         taken += n) {
        n = read_once(stream);
        if (n < 0) {
            g_clear_handle_id(&stream->read_source, g_source_remove);
            report_closed(stream);
        }
    }
}
