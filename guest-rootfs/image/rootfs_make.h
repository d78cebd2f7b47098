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

/* `tools` and its texts must live as long. */
RootfsMake *rootfs_make_new(const RootfsTools *tools, RootfsMachine machine);
void rootfs_make_free(RootfsMake *make);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsMake, rootfs_make_free)

/*
 * All build again only what has changed since the last time. What compilers say goes to standard
 * error when they fail. Errors: BUILD.
 *
 * Another process that builds the same is waited for, which one line on standard error says; SIGINT,
 * SIGTERM and SIGHUP end that.
 *
 * Build every library below `own`/ (NAME/ each, in the order of their names; NULL: none) and those
 * in the directories `others` (NULL-terminated or NULL), for the packages that follow. Libraries can
 * use each other, whatever their order. Call it once. Errors: also SOURCE.
 */
gboolean rootfs_make_libraries(RootfsMake *make, const char *own, char **others, GError **error);

/*
 * Build a package; returns the directory of what goes into the image. The caller frees it. Its files
 * stay as they are until the next call for this `make` or rootfs_make_release(); after that another
 * process can put others in their place, but none is written to.
 */
char *rootfs_make_package(RootfsMake *make, const char *directory, GError **error);

/*
 * Build a kernel module; returns the path of its .ko file, which the same is true of. It can use the
 * headers and exported symbols of modules that this `make` has built: `behind` has the directories
 * of their sources. `all` has those of all modules that are built for the image, so that one that is
 * missing in `behind` can be named.
 */
char *rootfs_make_module(RootfsMake *make, const char *directory, const GPtrArray *behind,
                         const GPtrArray *all, GError **error);

/* Let others build what was built last. */
void rootfs_make_release(RootfsMake *make);

#endif
