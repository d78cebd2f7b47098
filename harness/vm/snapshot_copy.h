/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying a guest's RAM and state into files. */
#ifndef VMBENCH_SNAPSHOT_COPY_H
#define VMBENCH_SNAPSHOT_COPY_H

#include "error.h"

/*
 * Copy all of `from`, a memfd or a file that can be mapped, to the empty file `to`, leaving holes
 * where a page is zero. FALSE: VMB_ERROR_SETUP, such as a full disk; `to` then holds a part.
 */
gboolean vmb_copy_sparse(int from, int to, GError **error);

/* All of a file, from its beginning. Free with g_bytes_unref(). NULL: VMB_ERROR_SETUP. */
GBytes *vmb_read_all(int fd, GError **error);

/* Append bytes to a file. FALSE: VMB_ERROR_SETUP. */
gboolean vmb_write_all(int fd, const void *bytes, gsize len, GError **error);

#endif
