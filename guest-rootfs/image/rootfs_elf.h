/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the image builder has to know of an ELF file: its machine, its libraries, its kernel. */
#ifndef ROOTFS_ELF_H
#define ROOTFS_ELF_H

#include <glib.h>

typedef struct {
    guint machine;     /* EM_...; 0 for what is not 64-bit and little-endian */
    char *interpreter; /* path in the guest; NULL: a static program, a library or an object */
    GPtrArray *needed; /* names of the libraries it is linked with, in its order */
    char *search;      /* directories of its own for them, colons between; NULL: none */
    gboolean bequeaths; /* they are its libraries' as well: DT_RPATH with no DT_RUNPATH */
    char *vermagic;    /* of a kernel module; NULL: it is none */
    GStrv depends;     /* of a kernel module: names of those that it needs; else NULL */
} RootfsElf;

/*
 * Read what `fd` holds from its start; the descriptor stays the caller's. Sets *elf to NULL when
 * that is no ELF file. FALSE with ROOTFS_ERROR_SOURCE when it is a damaged one; `path` is for
 * the message. Free the result with rootfs_elf_free().
 */
gboolean rootfs_elf_read(int fd, const char *path, RootfsElf **elf, GError **error);
void rootfs_elf_free(RootfsElf *elf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsElf, rootfs_elf_free)

/* "x86_64", "aarch64", or what to say of another EM_... A static text. */
const char *rootfs_elf_machine_name(guint machine);

#endif
