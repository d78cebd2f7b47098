/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name of a guest's snapshot: guests of equal keys are the same once they have booted. It is
 * made of the content of QEMU, firmware, kernel, device tree and image, of QEMU's command line
 * without what differs from run to run, and of the accelerator: KVM's snapshots belong to the
 * host's CPU as well.
 */
#ifndef VMBENCH_SNAPSHOT_KEY_H
#define VMBENCH_SNAPSHOT_KEY_H

#include "config.h"
#include "snapshot_hash.h"

/*
 * 64 hexadecimal digits. Where files lie, the nonce, ports, and the addresses of listen= do not
 * count, but which devices have equal addresses does. Free with g_free(). NULL: as
 * vmb_hashes_get().
 */
char *vmb_snapshot_key(const VmbGuestConfig *config, VmbHashes *hashes, GError **error);

#endif
