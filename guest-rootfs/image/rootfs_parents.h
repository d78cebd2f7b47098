/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directories that entries lie in. */
#ifndef ROOTFS_PARENTS_H
#define ROOTFS_PARENTS_H

#include "rootfs_entry.h"

/*
 * A tree of all `entries`, which it borrows, and of directories (mode 0755, owner 0:0) for the
 * parents that nobody added, with `root` the root directory as well; these are put into `made`, which
 * frees them. NULL with DUPLICATE when something lies below what is no directory.
 */
GTree *rootfs_parents_complete(GTree *entries, gboolean root, GPtrArray *made, GError **error);

#endif
