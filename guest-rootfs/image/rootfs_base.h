/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads an archive that an image starts from. */
#ifndef ROOTFS_BASE_H
#define ROOTFS_BASE_H

#include "rootfs_entry.h"

/*
 * Put every member of the cpio archive (newc, odc or binary; plain or compressed by gzip, zstd or
 * xz; several one after the other as the kernel takes them) that `fd` holds from its start into
 * `entries`, marked as `base`. Of members with one path the last counts, and links of earlier members
 * are followed on the way. Without `data` the bytes of files are passed over, /etc/ld.so.conf*,
 * /etc/vmbench/modules and /lib/modules/NAME.ko apart; sums and lengths of what is compressed are
 * checked all the same. `fd` is a regular file; `path` is for messages. *unfit, NULL before, becomes a
 * BASE error when a kernel would not unpack the archive as it is; NULL: nobody wants to know. Errors:
 * BASE; then `entries` holds a part.
 */
gboolean rootfs_base_read(GTree *entries, int fd, const char *path, gboolean data, GError **unfit,
                          GError **error);

/* The same with the file `path`; what is no regular file is an error. */
gboolean rootfs_base_load(GTree *entries, const char *path, gboolean data, GError **unfit,
                          GError **error);

#endif
