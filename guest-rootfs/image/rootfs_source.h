/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at a host file before it goes into an image. */
#ifndef ROOTFS_SOURCE_H
#define ROOTFS_SOURCE_H

#include "rootfs_image.h"

/* Tells one state of a file from another, as far as its number, size and time of change do. */
typedef struct {
    guint64 device, inode;
    gint64 size; /* bytes */
    gint64 seconds, nanoseconds;
} RootfsStamp;

/*
 * Check that `fd` is a regular file of a size that newc can hold, and note its state. `path` is for messages.
 * Errors: SOURCE.
 */
gboolean rootfs_source_check(int fd, const char *path, RootfsStamp *stamp, GError **error);

/* Check that it is still the file that it was, unchanged. Errors: SOURCE. */
gboolean rootfs_source_check_same(int fd, const char *path, const RootfsStamp *stamp, GError **error);

/*
 * A descriptor to read `path` by, which the caller closes; a pipe is not waited for. -1 with SOURCE when
 * it cannot be opened.
 */
int rootfs_source_open(const char *path, GError **error);

/*
 * All bytes of a regular file, by its path or when it is open. NULL with SOURCE, also when it changes
 * meanwhile.
 */
GBytes *rootfs_source_read(const char *path, GError **error);
GBytes *rootfs_source_read_open(int fd, const char *path, GError **error);

#endif
