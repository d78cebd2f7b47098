/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a base as the kernel sees them: archives one after the other, each plain or several of
 * them compressed together, and zeros in between.
 */
#ifndef ROOTFS_STREAM_H
#define ROOTFS_STREAM_H

#include <glib.h>

typedef struct RootfsStream RootfsStream;

/* Reads what `fd`, a regular file that stays the caller's, holds from its start. */
RootfsStream *rootfs_stream_new(int fd);
void rootfs_stream_free(RootfsStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsStream, rootfs_stream_free)

/*
 * Go to the next byte that is not zero, where an archive begins. FALSE at the end, where all checksums
 * were right, and for an error.
 */
gboolean rootfs_stream_begin(RootfsStream *stream);

/*
 * The next bytes of the archive, and of what follows it: *bytes is valid until the next call. Returns
 * their number, 0 at the end and -1 for an error.
 */
gssize rootfs_stream_read(RootfsStream *stream, const void **bytes);

/* Pass over some of the next `len` bytes without looking at them: returns how many. */
gint64 rootfs_stream_skip(RootfsStream *stream, gint64 len);

/* Give back the last `len` bytes of the last read, which are behind the archive. */
void rootfs_stream_give_back(RootfsStream *stream, gsize len);

/*
 * TRUE when a part that has begun is xz with a check that no kernel knows: of those that xz has these know
 * CRC32 alone.
 */
gboolean rootfs_stream_has_foreign_check(const RootfsStream *stream);

/* What is wrong, once a call has failed; else NULL. The stream's. */
const char *rootfs_stream_problem(const RootfsStream *stream);

#endif
