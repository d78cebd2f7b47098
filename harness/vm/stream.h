/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file descriptor as a stream of bytes in the event loop: what arrives goes
 * to a callback, what is sent is queued. The descriptor's blocking mode is left
 * alone, because an inherited terminal shares it with the user's shell.
 * Main thread only; a callback must not free its stream.
 */
#ifndef VMBENCH_STREAM_H
#define VMBENCH_STREAM_H

#include <glib.h>

typedef struct VmbStream VmbStream;

typedef struct {
    void (*bytes)(gpointer data, const guint8 *bytes, gsize len);
    void (*closed)(gpointer data); /* end of file or error, once; may be NULL */
} VmbStreamEvents;

/*
 * A connected pair of sockets, for a process that is to be started: *far is its end. Returns ours; -1:
 * VMB_ERROR_SETUP. Both are the caller's.
 */
int vmb_stream_pair(int *far, GError **error);

/* Owns fd. `events` is not copied and must outlive the stream. */
VmbStream *vmb_stream_new(int fd, const VmbStreamEvents *events, gpointer data);

/* Closes fd; what is still queued is dropped. */
void vmb_stream_free(VmbStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbStream, vmb_stream_free)

/*
 * Queue bytes and send as many as there is room for: fd must be a socket.
 * Bytes for a peer that has gone are dropped: `closed` tells.
 */
void vmb_stream_send(VmbStream *stream, const void *bytes, gsize len);

/* Nothing more is sent: the peer's input ends, and what it still says is read. fd must be a socket. */
void vmb_stream_end_output(VmbStream *stream);

/* Stop reading, or go on: a peer that writes more than fits waits. May be called by `bytes`. */
void vmb_stream_pause(VmbStream *stream, gboolean paused);

/*
 * Hand over everything that can be read now, without waiting for more, and not what a peer without end
 * writes meanwhile (some of it may come, too); paused or not.
 */
void vmb_stream_drain(VmbStream *stream);

#endif
