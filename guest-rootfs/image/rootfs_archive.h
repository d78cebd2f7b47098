/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the archive. */
#ifndef ROOTFS_ARCHIVE_H
#define ROOTFS_ARCHIVE_H

#include "rootfs_entry.h"

typedef enum {
    ROOTFS_WRITE_ALL,
    ROOTFS_WRITE_ADDED, /* without what the base has */
} RootfsWrite;

/*
 * Write `entries` and the parents that they lack as newc cpio to `output`. Errors as in
 * rootfs_image_write().
 */
gboolean rootfs_archive_write(GTree *entries, RootfsWrite what, RootfsCompression compression,
                              const char *output, GError **error);

#endif
