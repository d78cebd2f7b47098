/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot.ini: what a snapshot is, so sealed that one that was changed in any part is told. */
#ifndef VMBENCH_SNAPSHOT_SEAL_H
#define VMBENCH_SNAPSHOT_SEAL_H

#include "error.h"

/*
 * The text for the snapshot `key` with this state, whose RAM is in the file `ram`, written to its
 * end; made by a run with this nonce. Free with g_free(). NULL never.
 */
char *vmb_seal_text(const char *key, int ram, GBytes *state, guint64 nonce);

/*
 * Check a snapshot by the text in the file `ini` and read its nonce. A descriptor below 0 is a file
 * that is missing. FALSE: VMB_ERROR_SETUP, what is wrong with it.
 */
gboolean vmb_seal_check(int ini, const char *key, int ram, int state, guint64 *nonce,
                        GError **error);

#endif
