/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modules that --module names: built from source where they are not yet, each behind those it uses. */
#ifndef ROOTFS_MODULE_SPECS_H
#define ROOTFS_MODULE_SPECS_H

#include "rootfs_make.h"
#include "rootfs_module.h"

/*
 * Add them to `modules`. Each of `specs` (NULL-terminated, or NULL) is the directory of a source, which may
 * have a module.ini, or FILE.ko[:INI]. A source is built behind those among the others that its module.ini
 * names in `after`, and can use what they, and those that they come behind, export. `make` is needed for
 * sources only. Errors: those of rootfs_make_module(), rootfs_module_ini_load() and
 * rootfs_modules_add(); MODULE when two have one name or wait for each other, or `after` has a name that
 * is neither another's nor a module of the kernel or of the image's base.
 */
gboolean rootfs_module_specs_add(char **specs, RootfsMake *make, RootfsKernel *kernel,
                                 RootfsModules *modules, RootfsImage *image, GError **error);

#endif
