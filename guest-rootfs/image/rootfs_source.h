/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at a host file before it goes into an image. */
#ifndef ROOTFS_SOURCE_H
#define ROOTFS_SOURCE_H

#include "rootfs_elf.h"
#include "rootfs_image.h"

/*
 * Check that `path` is a readable regular file that newc can hold and, when it is an ELF
 * file, one for `machine`. Sets *size to its bytes and *elf to what it is as an ELF file, NULL when
 * it is none; the caller frees that. Errors: SOURCE, MACHINE.
 */
gboolean rootfs_source_check(const char *path, RootfsMachine machine, gint64 *size,
                             RootfsElf **elf, GError **error);

/* The same for a file that is open; `path` is for messages. */
gboolean rootfs_source_check_open(int fd, const char *path, RootfsMachine machine, gint64 *size,
                                  RootfsElf **elf, GError **error);

/* A descriptor to read `path` by, which the caller closes. -1 with SOURCE when it cannot be opened. */
int rootfs_source_open(const char *path, GError **error);

/* All bytes of a regular file, by its path or when it is open. NULL with SOURCE. */
GBytes *rootfs_source_read(const char *path, GError **error);
GBytes *rootfs_source_read_open(int fd, const char *path, GError **error);

#endif
