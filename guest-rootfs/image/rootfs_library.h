/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loader and the libraries of programs that are not static. */
#ifndef ROOTFS_LIBRARY_H
#define ROOTFS_LIBRARY_H

#include "rootfs_entry.h"
#include "rootfs_processor.h"

/*
 * Called for every loader (an absolute path) and library (a name, or a path) that `user` needs
 * and the image has not. `unfit`: the image has a file that comes near, what is wrong with it and what to do;
 * else NULL. FALSE with *error set ends the search.
 */
typedef gboolean RootfsMissing(gpointer data, const RootfsEntry *user, const char *name,
                               const char *unfit, GError **error);

/*
 * Look, as the guest's loader will, for what every added dynamic program and library needs, among files of
 * its own processor: in paths of its own, and in the usual directories. /usr/local/lib is one of musl's
 * loader; /lib64 and the like (rootfs_processor.h) are some of a base that has its own libc.so.6 there. What
 * the guest's /etc/ld.so.conf names holds what /etc/ld.so.cache knows: a base's cache knows the base's files,
 * and those that replace them; one that was added, all.
 *
 * An added file serves as a library only if it is one (ET_DYN, whole), any file as a loader only if it can be
 * executed. A dormant library that serves has its own needs looked at as well.
 * `missing` must not change `entries`. FALSE when it said so.
 */
gboolean rootfs_library_search(GTree *entries, RootfsMachine machine, RootfsMissing *missing,
                               gpointer data, GError **error);

/* TRUE when a file is there, links followed, that serves programs of this machine (EM_...) as a library. */
gboolean rootfs_library_is_at(GTree *entries, const char *path, guint elf_machine);

/*
 * The path on this host of the loader or library `name` for the processor, or NULL: below one of
 * `directories` (NULL-terminated or NULL; each a library directory or a sysroot), else where
 * Debian has those of the cross compiler and of the processor's own architecture. A relative path is
 * nowhere. The caller frees it.
 */
char *rootfs_library_find(const char *name, const RootfsProcessor *processor,
                          const char *const *directories);

#endif
