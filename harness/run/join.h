/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One archive behind the other, as the kernel takes them. */
#ifndef VMBENCH_JOIN_H
#define VMBENCH_JOIN_H

#include <glib.h>

/*
 * Write the file `output`: `first`, and `second` behind it. What is left of it after an error is
 * removed. FALSE: VMB_ERROR_SETUP; ROOTFS_ERROR_OUTPUT when the disk is full.
 */
gboolean vmb_join(const char *first, const char *second, const char *output, GError **error);

#endif
