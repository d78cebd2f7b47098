/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single accesses of the guest's physical memory, made by a process in the guest: vmmio-io, which
 * has to be in its image. Main thread only.
 */
#ifndef VMBENCH_GUEST_ACCESS_H
#define VMBENCH_GUEST_ACCESS_H

#include "agent_link.h"

/* Most bytes of a read or a write. */
#define VMB_ACCESS_MAX 4096

/* What is accessed: `len` bytes from `address` on, `width` (1, 2, 4 or 8) at a time. */
typedef struct {
    guint64 address; /* guest-physical, a multiple of width */
    guint width;
    gsize len;       /* bytes: a multiple of width, 1 to VMB_ACCESS_MAX */
} VmbAccess;

/* FALSE: VMB_ERROR_USAGE, it is no such access. */
gboolean vmb_access_check(const VmbAccess *access, GError **error);

/*
 * Read; each run of the program may take `ms` (before scaling). NULL: with *bus_error, one of the
 * accesses ended in a bus error (VMB_ERROR_PROGRAM_SIGNAL: the process got a SIGBUS);
 * VMB_ERROR_PROGRAM_FAILED, it cannot be mapped; or as vmb_agent_link_run(). Free with
 * g_byte_array_unref().
 */
GByteArray *vmb_guest_read(VmbAgentLink *link, const VmbAccess *access, guint ms,
                           gboolean *bus_error, GError **error);

/* Write `bytes`. FALSE: the same. */
gboolean vmb_guest_write(VmbAgentLink *link, const VmbAccess *access, const guint8 *bytes, guint ms,
                         gboolean *bus_error, GError **error);

#endif
