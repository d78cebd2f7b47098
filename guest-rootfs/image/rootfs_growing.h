/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file's bytes as they come out of an archive, whose headers can claim any number of them. */
#ifndef ROOTFS_GROWING_H
#define ROOTFS_GROWING_H

#include <glib.h>

/* Begin with all zeros but for `claimed`. */
typedef struct {
    gsize claimed; /* bytes that the file should have: no reason to take memory for more */
    guint8 *bytes;
    gsize len;
    gsize size; /* bytes that are allocated */
} RootfsGrowing;

/*
 * Bytes of memory that a base's members may take together: three quarters of what the computer has, or the
 * process may have. The rest is for all else that it does.
 */
guint64 rootfs_growing_room(void);

/*
 * Take `len` more bytes, and as many from *room. FALSE, with nothing changed, when there are not so
 * many or the memory is used up.
 */
gboolean rootfs_growing_append(RootfsGrowing *growing, const void *bytes, gsize len, guint64 *room);

/* All of them, which the caller unrefs; then there are none in `growing`. */
GBytes *rootfs_growing_finish(RootfsGrowing *growing);

/* Free what was not finished. */
void rootfs_growing_clear(RootfsGrowing *growing);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RootfsGrowing, rootfs_growing_clear)

#endif
