/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs of a base archive run on, as far as their first bytes tell. */
#ifndef ROOTFS_PROGRAM_H
#define ROOTFS_PROGRAM_H

#include "rootfs_entry.h"

/* The kernel looks at no more of a file to see how to run it. */
enum { ROOTFS_PROGRAM_BYTES = 256 };

/* Set entry->machine or entry->interpreter from the first `len` bytes of its file. */
void rootfs_program_note(RootfsEntry *entry, const void *bytes, gsize len);

/*
 * Check that the machine runs what it would start of the image `path`, whose `entries` these are: its
 * init, or the shell when it has none. What runs a script counts for the script. Errors: FOREIGN.
 */
gboolean rootfs_program_check(GTree *entries, RootfsMachine machine, const char *path,
                              GError **error);

#endif
