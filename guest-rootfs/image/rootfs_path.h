/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths in the guest: which are allowed, and where they lead. */
#ifndef ROOTFS_PATH_H
#define ROOTFS_PATH_H

#include <glib.h>

/* Bytes of a path, a link's target included, and of a part between slashes: the guest's kernel. */
enum { ROOTFS_PATH_MAX = 4095, ROOTFS_PART_MAX = 255 };

/* What is wrong with the path of an entry, as a static text that goes behind it, or NULL. */
const char *rootfs_path_problem(const char *path);

/*
 * The path that `path` stands for in the guest that has these entries (rootfs_entries_new()):
 * absolute, no part of it a link; "" is the root. Parts that do not exist stay as they are. The
 * last part is followed as well when `last` is TRUE. NULL: more than 40 links, as in the kernel.
 * The caller frees it.
 */
char *rootfs_path_resolve(GTree *entries, const char *path, gboolean last);

/* TRUE when a link at `path` with this target climbs above the guest's root. */
gboolean rootfs_path_escapes(const char *path, const char *target);

#endif
