/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which programs a machine's kernel runs: those of its own processor, and, as Debian's kernels are built
 * (CONFIG_IA32_EMULATION, CONFIG_COMPAT), those of the 32-bit one before it.
 */
#ifndef ROOTFS_PROCESSOR_H
#define ROOTFS_PROCESSOR_H

#include "rootfs_image.h"

/* Which loaders look in a directory without being told by a program or /etc/ld.so.cache. */
typedef enum {
    ROOTFS_LOOKS_ALL,
    ROOTFS_LOOKS_AT_HOME, /* those of a system that has its C library in such a one: not Debian's */
    ROOTFS_LOOKS_MUSL,
} RootfsLooks;

typedef struct {
    const char *path; /* below a root; NULL ends a list */
    RootfsLooks looks;
} RootfsLibraries;

typedef struct {
    guint elf_machine;            /* EM_... */
    const char *cross;            /* where this host has the libraries of Debian's cross compiler */
    const char *loader;           /* glibc's, in a guest */
    const RootfsLibraries *directories;
} RootfsProcessor;

/* That of the kernel itself and its modules. */
const RootfsProcessor *rootfs_processor_native(RootfsMachine machine);

/* The one that such programs (EM_...) are for; NULL: the machine does not run them. */
const RootfsProcessor *rootfs_processor_find(RootfsMachine machine, guint elf_machine);

/* TRUE when some loader of the machine looks for libraries in the directory that holds `path`. */
gboolean rootfs_processor_is_library(RootfsMachine machine, const char *path);

#endif
