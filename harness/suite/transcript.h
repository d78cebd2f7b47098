/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accesses that a guest makes to its ranges, as QEMU's trace tells them while a test runs; and the
 * table that is made of them when it has failed.
 */
#ifndef VMBENCH_TRANSCRIPT_H
#define VMBENCH_TRANSCRIPT_H

#include "guest.h"

/*
 * From now on QEMU writes each access to the file `path`, absolute, which it makes. FALSE: as
 * vmb_guest_monitor().
 */
gboolean vmb_transcript_begin(VmbGuest *guest, const char *path, GError **error);

/*
 * Make a table of such a file: seconds since `begin` (g_get_real_time()), range, read or write, address,
 * size, value, latency in microseconds, who answered. Of a very long one the end. What cannot be read or
 * written is left out.
 */
void vmb_transcript_format(const char *path, const char *table, gint64 begin);

#endif
