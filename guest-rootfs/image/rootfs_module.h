/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel modules on their way into an image: with those that they need, and in the order in which
 * the guest's init loads them.
 */
#ifndef ROOTFS_MODULE_H
#define ROOTFS_MODULE_H

#include "rootfs_image.h"
#include "rootfs_kernel.h"
#include "rootfs_module_ini.h"

typedef struct RootfsModules RootfsModules;

/* None yet, for this kernel, which must live as long. Free with rootfs_modules_free(). */
RootfsModules *rootfs_modules_new(RootfsKernel *kernel);
void rootfs_modules_free(RootfsModules *modules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsModules, rootfs_modules_free)

/*
 * The module in the file `path`, which init loads at boot unless `ini` (NULL: none) says otherwise.
 * Errors: MODULE for a file that is no module, a name that has a blank or is there already, and
 * those of rootfs_module_parameters_check().
 */
gboolean rootfs_modules_add(RootfsModules *modules, const char *path, const RootfsModuleIni *ini,
                            GError **error);

/*
 * The kernel's own module `name`, not loaded at boot. Errors: those of rootfs_kernel_module(), and MODULE
 * when another of that name was added.
 */
gboolean rootfs_modules_add_kernels(RootfsModules *modules, const char *name, GError **error);

/*
 * Put all of them and what they depend on into the image as /lib/modules/NAME.ko, and the list for
 * init as /etc/vmbench/modules, one "NAME.ko PARAMETERS" a line, behind those of a base. A module
 * that was added (rootfs_modules_add()) takes the place that the base's list has for its name. One that the
 * base alone has is not added again, and is in the list where another needs it or comes behind it.
 * Errors: MODULE when one that is needed is missing or two wait for each other, and those of
 * rootfs_image_add_file().
 */
gboolean rootfs_modules_place(RootfsModules *modules, RootfsImage *image, GError **error);

#endif
