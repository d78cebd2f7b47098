/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which programs a machine's kernel runs: those of its own processor, and, as Debian's kernels are built
 * (CONFIG_IA32_EMULATION, CONFIG_COMPAT), those of the 32-bit one before it.
 */
#ifndef ROOTFS_PROCESSOR_H
#define ROOTFS_PROCESSOR_H

#include "rootfs_image.h"

typedef struct {
    guint elf_machine;              /* EM_... */
    const char *cross;              /* where this host has the libraries of Debian's cross compiler */
    const char *const *directories; /* below a root: where its loaders look for libraries; ends with NULL */
} RootfsProcessor;

/* That of the kernel itself and its modules. */
const RootfsProcessor *rootfs_processor_native(RootfsMachine machine);

/* The one that such programs (EM_...) are for; NULL: the machine does not run them. */
const RootfsProcessor *rootfs_processor_find(RootfsMachine machine, guint elf_machine);

/* TRUE when a loader of the machine looks for libraries in the directory that holds `path`. */
gboolean rootfs_processor_is_library(RootfsMachine machine, const char *path);

#endif
