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

#endif
