/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the image builder: one archive member, and the sorted tree of them. */
#ifndef ROOTFS_ENTRY_H
#define ROOTFS_ENTRY_H

#include "rootfs_elf.h"
#include "rootfs_image.h"
#include "rootfs_source.h"

#include <sys/types.h>

/*
 * No file is larger: 4 GiB - 1 is the last number that a newc header can tell, and an archive with
 * such a file is longer than the 32 bits in which a boot loader tells its length.
 */
#define ROOTFS_FILE_MAX (G_GINT64_CONSTANT(0xffffffff) - 1)

/* The root directory: a directory that is there anyway, so that its entry says its mode and owner. */
#define ROOTFS_ROOT "/"

typedef struct {
    char *path;    /* in the guest, absolute; ROOTFS_ROOT alone ends in a slash */
    mode_t type;   /* S_IFREG, S_IFDIR, S_IFLNK, S_IFBLK, S_IFCHR, S_IFIFO or S_IFSOCK */
    RootfsOwner owner;
    gboolean base; /* from the base archive */
    gboolean implied; /* directory: nobody has said more of it than that it is there */
    gboolean replaces; /* something that the base archive has at this path */
    char *source;  /* file: path on the host; NULL: it is from nowhere there */
    GBytes *data;  /* file: its bytes; NULL: they are read from `source` */
    RootfsStamp stamp; /* the same: what state that file had */
    gint64 size;   /* file: bytes */
    RootfsElf *elf; /* file from the host: the program, library or module that it is, or NULL */
    gboolean dormant; /* what `elf` is counts only when a program turns out to need it: data else */
    guint machine; /* file: whose program or library it is (RootfsElfHead), 0 when nobody knows */
    char *interpreter; /* file of the base that can be run: what runs a script, NULL when it is none */
    guint link;    /* files with one number other than 0 are hard links to one another */
    char *target;  /* symbolic link */
    guint major;   /* device */
    guint minor;
} RootfsEntry;

/* A zeroed one with a copy of `path`. */
RootfsEntry *rootfs_entry_new(const char *path, mode_t type, const RootfsOwner *owner);
void rootfs_entry_free(RootfsEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsEntry, rootfs_entry_free)

/* A tree path -> RootfsEntry, sorted by path, which is the entry's own. */
GTree *rootfs_entries_new(GDestroyNotify destroy);

#endif
