/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that says what goes into an image: manifest files and HOST:GUEST words. */
#ifndef ROOTFS_MANIFEST_H
#define ROOTFS_MANIFEST_H

#include "rootfs_image.h"

/*
 * Add all that the manifest `path` lists. Lines are those of the kernel's gen_init_cpio, numbers
 * octal for MODE and decimal otherwise, words separated by blanks; '#' begins a comment line:
 *
 *     dir   GUEST MODE UID GID
 *     file  GUEST HOST MODE UID GID      HOST is relative to the manifest's directory
 *     slink GUEST TARGET MODE UID GID
 *     nod   GUEST MODE UID GID b|c MAJOR MINOR
 *
 * Stops at the first mistake; lines before it stay added. Errors: SOURCE when the manifest
 * cannot be read, SYNTAX for a malformed line, and those of the rootfs_image_add_...()
 * functions; the message begins with "MANIFEST:LINE: ".
 */
gboolean rootfs_manifest_load(RootfsImage *image, const char *path, GError **error);

/*
 * Add one file as HOST:GUEST[:MODE[:UID:GID]] says. MODE is octal, by default 755 when the
 * host file is executable and 644 otherwise, so the umask of a checkout does not matter; the
 * owner is 0:0 by default. Errors: SYNTAX, and those of rootfs_image_add_file().
 */
gboolean rootfs_image_add_spec(RootfsImage *image, const char *spec, GError **error);

#endif
