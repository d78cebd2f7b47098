/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the image builder: one archive member, and how a sorted tree of them is written. */
#ifndef ROOTFS_ENTRY_H
#define ROOTFS_ENTRY_H

#include "rootfs_image.h"

#include <sys/types.h>

typedef struct {
    char *path;   /* in the guest, absolute */
    mode_t type;  /* S_IFREG, S_IFDIR, S_IFLNK, S_IFBLK or S_IFCHR */
    RootfsOwner owner;
    char *source; /* file: path on the host */
    gint64 size;  /* file: bytes */
    char *target; /* symbolic link */
    guint major;  /* device */
    guint minor;
} RootfsEntry;

void rootfs_entry_free(RootfsEntry *entry);

/*
 * Write `entries` (path -> RootfsEntry, sorted by path, parents complete) as newc cpio to
 * `output`. Errors as in rootfs_image_write().
 */
gboolean rootfs_archive_write(GTree *entries, const char *output, GError **error);

#endif
