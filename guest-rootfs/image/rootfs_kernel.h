/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel that a guest boots, as far as its modules tell. */
#ifndef ROOTFS_KERNEL_H
#define ROOTFS_KERNEL_H

#include <glib.h>

typedef struct RootfsKernel RootfsKernel;

/*
 * Look into a directory that holds the modules (.ko) of one kernel, at any depth: at one of them, and
 * one of each further directory in it. NULL with ROOTFS_ERROR_MODULE or SOURCE when it cannot be read,
 * holds none, or those of two kernels. Free with rootfs_kernel_free().
 */
RootfsKernel *rootfs_kernel_new(const char *directory, GError **error);
void rootfs_kernel_free(RootfsKernel *kernel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsKernel, rootfs_kernel_free)

/* What every module for this kernel says of it: release and options. The kernel's. */
const char *rootfs_kernel_vermagic(const RootfsKernel *kernel);

/*
 * The path on the host of the kernel's own module `name`; '-' is '_'. The kernel's. The first call
 * looks through the whole directory, which takes some milliseconds. NULL with ROOTFS_ERROR_MODULE when
 * there is none, or two modules of one name are for different kernels; or SOURCE.
 */
const char *rootfs_kernel_module(RootfsKernel *kernel, const char *name, GError **error);

/* "/x/snd-pcm.ko" as the kernel names it: "snd_pcm". The caller frees it. */
char *rootfs_kernel_module_name(const char *path);

#endif
