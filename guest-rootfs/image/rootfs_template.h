/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text files with @NAMES@ in them. */
#ifndef ROOTFS_TEMPLATE_H
#define ROOTFS_TEMPLATE_H

#include <glib.h>

/*
 * The text of the file `path` with every @NAME@ (capitals, digits and '_', a capital first) replaced by its
 * value in `variables` (name -> value); those names are added to the set `used`. NULL with
 * ROOTFS_ERROR_SOURCE when it cannot be read, and with ROOTFS_ERROR_VALUE, naming the line, for a name
 * that has no value. The caller frees it.
 */
GBytes *rootfs_template_expand(const char *path, GHashTable *variables, GHashTable *used,
                               GError **error);

#endif
