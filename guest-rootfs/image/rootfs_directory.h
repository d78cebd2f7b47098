/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole directories of the host in an image. */
#ifndef ROOTFS_DIRECTORY_H
#define ROOTFS_DIRECTORY_H

#include "rootfs_image.h"

/*
 * Put all that lies in the directory `host` into the guest's directory `guest` ("/" for the root; a
 * slash at the end does not count), which is there then also when `host` is empty. It stays as it is
 * but for owners and modes, which a checkout does not keep: everything is root's, files are 755 when
 * their owner may execute them and 644 otherwise, directories 755. Links stay links. A file NAME.in
 * is a template, which becomes NAME (rootfs_image_add_template()). A directory that the guest has
 * already stays as it is. Errors: SOURCE (also for devices, pipes and sockets) and those of the
 * rootfs_image_add_...() functions; what was added before stays.
 */
gboolean rootfs_image_add_tree(RootfsImage *image, const char *guest, const char *host,
                               GError **error);

/*
 * Put what a package installed into the directory `host` into the guest's root: the same without
 * templates, and the files are read now, as the package may be built again any time.
 */
gboolean rootfs_image_add_stage(RootfsImage *image, const char *host, GError **error);

/*
 * What lies in a directory of the host, sorted by the bytes of its names, whatever order the file
 * system has. The caller unrefs it. Errors: SOURCE.
 */
GPtrArray *rootfs_directory_names(const char *host, GError **error);

#endif
