/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the image builder has to know of an ELF file: its machine, its libraries, its kernel. */
#ifndef ROOTFS_ELF_H
#define ROOTFS_ELF_H

#include <glib.h>

/* Instead of EM_...: of a word size or byte order that Linux has for no program of the processor. */
enum { ROOTFS_ELF_STRANGE = 0xffff };

typedef struct {
    guint type;    /* ET_...; ET_NONE also of a header that is cut */
    guint machine; /* EM_... or ROOTFS_ELF_STRANGE; EM_NONE also of a header that is cut */
} RootfsElfHead;

/* What the first `len` bytes of a file say. FALSE: it is no ELF file. */
gboolean rootfs_elf_head(const void *bytes, gsize len, RootfsElfHead *head);

typedef struct {
    guint type;        /* as in its head */
    guint machine;     /* the same */
    gboolean debug;    /* its code is in another file, `objcopy --only-keep-debug`; the rest is unset */
    char *interpreter; /* path in the guest; NULL: a static program, a library or an object */
    GPtrArray *needed; /* names of the libraries it is linked with, in its order */
    char *search;      /* directories of its own for them, colons between; NULL: none */
    gboolean bequeaths; /* they are its libraries' as well: DT_RPATH with no DT_RUNPATH */
    char *vermagic;    /* of a kernel module; NULL: it is none */
    GStrv depends;     /* of a kernel module: names of those that it needs; else NULL */
    GStrv parameters;  /* likewise, of those that it takes; NULL: it does not tell of all */
} RootfsElf;

/*
 * Read what `fd` holds from its start; the descriptor stays the caller's. Sets *elf to NULL when
 * that is no ELF file. FALSE with ROOTFS_ERROR_SOURCE when it is a damaged one; `path` is for
 * the message. Free the result with rootfs_elf_free().
 */
gboolean rootfs_elf_read(int fd, const char *path, RootfsElf **elf, GError **error);
void rootfs_elf_free(RootfsElf *elf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsElf, rootfs_elf_free)

/* "x86_64", "aarch64", or what to say of another machine. A static text. */
const char *rootfs_elf_machine_name(guint machine);

#endif
