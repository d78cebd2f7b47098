/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Room on the disk for a run. */
#ifndef VMBENCH_DISK_H
#define VMBENCH_DISK_H

#include "error.h"

/* What a run may need, in MiB: images that scenarios add to, logs, a snapshot. */
#define VMB_DISK_MIB 200

/*
 * See that the file systems of `logs`, which exists, and of temporary files have so much room; the variable
 * VMBENCH_DISK_MIB is another amount, 0: any. FALSE: VMB_ERROR_SETUP, one has less; VMB_ERROR_USAGE, the
 * variable is no number.
 */
gboolean vmb_disk_check(const char *logs, GError **error);

#endif
