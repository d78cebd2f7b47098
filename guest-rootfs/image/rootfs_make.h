/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds packages, libraries and kernel modules from source, with the scripts of this tree. */
#ifndef ROOTFS_MAKE_H
#define ROOTFS_MAKE_H

#include "rootfs_image.h"

typedef struct {
    const char *scripts; /* guest-rootfs of the source tree: pkg/build, modules/build, lib/ */
    const char *guests;  /* with MACHINE/headers and MACHINE/modules, for modules */
    const char *cache;   /* what is built is kept below it; made when missing */
} RootfsTools;

typedef struct RootfsMake RootfsMake;

/*
 * `tools` and its texts must live as long. What is built stays as it is until rootfs_make_free():
 * another process that builds the same waits for that.
 */
RootfsMake *rootfs_make_new(const RootfsTools *tools, RootfsMachine machine);
void rootfs_make_free(RootfsMake *make);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsMake, rootfs_make_free)

/*
 * All build again only what has changed since the last time. What compilers say goes to standard
 * error when they fail. Errors: BUILD.
 *
 * Build every library below `directory`/ (NAME/ each), for the packages that follow, in the
 * order of their names. Errors: also SOURCE.
 */
gboolean rootfs_make_libraries(RootfsMake *make, const char *directory, GError **error);

/* Build one library, for the packages that follow. */
gboolean rootfs_make_library(RootfsMake *make, const char *directory, GError **error);

/* Build a package; returns the directory of what goes into the image. The caller frees it. */
char *rootfs_make_package(RootfsMake *make, const char *directory, GError **error);

/* Build a kernel module; returns the path of its .ko file. The caller frees it. */
char *rootfs_make_module(RootfsMake *make, const char *directory, GError **error);

#endif
