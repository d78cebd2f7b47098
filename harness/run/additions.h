/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user adds to a guest's image for one run, without building the image again. */
#ifndef VMBENCH_ADDITIONS_H
#define VMBENCH_ADDITIONS_H

#include "config.h"
#include "rootfs_options.h"
#include "settings.h"

typedef struct {
    RootfsOptions image; /* those of `vmbench rootfs build` that add something */
    char *init;          /* --init: "keep" (NULL: so), "bench", or a path in the guest */
} VmbAdditions;

/*
 * Their options as GOptionEntry, for vmb_settings_parse(), with an empty one behind the last; they
 * are read into `additions`. Free with g_array_unref().
 */
GArray *vmb_additions_options(VmbAdditions *additions);

/* Free what the options were read into, not `additions` itself. */
void vmb_additions_clear(VmbAdditions *additions);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VmbAdditions, vmb_additions_clear)

/*
 * Make config->initrd the image with the additions, a file in log_dir, when there are any or the image
 * is not the bench's own, which has its init: that and the agent are added then. Of a foreign image
 * the own init is kept: it becomes PID 1 behind ours. A large image gets memory to be unpacked into,
 * where the machine's is neither fixed nor asked for. The settings say where the kernel's modules are;
 * of a --kernel nobody but --kernel-modules does. FALSE: VMB_ERROR_USAGE for --init,
 * VMB_ERROR_SETUP for an image that has no room, else ROOTFS_ERROR, also for one that the kernel does
 * not unpack.
 */
gboolean vmb_additions_apply(VmbAdditions *additions, const VmbSettings *settings,
                             VmbGuestConfig *config, const char *log_dir, GError **error);

#endif
