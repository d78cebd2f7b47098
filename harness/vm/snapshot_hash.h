/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 of files, remembered by what the file system says of each: QEMU, a kernel and an image
 * are 50 MB together, and take longer to read than a guest to restore. Main thread only.
 */
#ifndef VMBENCH_SNAPSHOT_HASH_H
#define VMBENCH_SNAPSHOT_HASH_H

#include "error.h"

typedef struct VmbHashes VmbHashes;

/*
 * Load what the file `path` remembers: nothing when it is missing or unreadable. Free with
 * vmb_hashes_free().
 */
VmbHashes *vmb_hashes_load(const char *path);
void vmb_hashes_free(VmbHashes *hashes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbHashes, vmb_hashes_free)

/*
 * The SHA-256 of a file's content in hexadecimal. Borrowed, until the next call. NULL:
 * VMB_ERROR_SETUP, it cannot be read, or changes meanwhile.
 */
const char *vmb_hashes_get(VmbHashes *hashes, const char *path, GError **error);

/*
 * TRUE when there is something new to remember. *text is then all of it, without files that have
 * changed or gone, for vmb_hashes_load(); free with g_free().
 */
gboolean vmb_hashes_text(const VmbHashes *hashes, char **text);

/*
 * What tells a file's content from any other that it had: device, inode, size, and when it was
 * written and changed. Free with g_free(). NULL: it cannot be asked, errno says why.
 */
char *vmb_file_identity(int fd);

#endif
