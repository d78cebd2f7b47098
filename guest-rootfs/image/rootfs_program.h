/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files are programs, and whether the machine runs them. Of an ELF file the path and mode in the
 * guest decide whether anybody will try:
 *
 *   program   ET_EXEC or ET_DYN, executable: for one of the machine's processors (rootfs_processor.h)
 *   library   ET_DYN, directly in a directory where loaders look: the same
 *   dormant   ET_DYN elsewhere: data, unless a program needs it as its library (rootfs_library.h)
 *   module    ET_REL, its name ends in .ko: for the processor of the machine's kernel
 *   data      all others, for any processor: objects, BPF, core files, firmware and test data that is
 *             not executable; and what only holds debugging information
 *
 * All programs, libraries and modules that are added are looked at; of a base, what would start.
 */
#ifndef ROOTFS_PROGRAM_H
#define ROOTFS_PROGRAM_H

#include "rootfs_entry.h"

/* The kernel looks at no more of a file to see how to run it. */
enum { ROOTFS_PROGRAM_BYTES = 256 };

/*
 * A file of the host, open as `fd`: set entry->elf and entry->machine unless it is data, and entry->dormant
 * when it may be. The entry has its path and mode; `host` is for messages. Errors: MACHINE; SOURCE for a
 * damaged ELF file.
 */
gboolean rootfs_program_read(RootfsEntry *entry, int fd, const char *host, RootfsMachine machine,
                             GError **error);

/*
 * A file of a base that can be run: set entry->machine or entry->interpreter from its first `len` bytes.
 */
void rootfs_program_note(RootfsEntry *entry, const void *bytes, gsize len);

/*
 * Check that the machine runs what it would start of the image `path`, whose `entries` these are: its
 * init, or the shell when it has none. What runs a script counts for the script. Errors: FOREIGN.
 */
gboolean rootfs_program_check(GTree *entries, RootfsMachine machine, const char *path,
                              GError **error);

#endif
