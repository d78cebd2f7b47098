/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Are the parameters of a module.ini some that the module has? The kernel only passes over the others. */
#ifndef ROOTFS_MODULE_PARAMETERS_H
#define ROOTFS_MODULE_PARAMETERS_H

#include "rootfs_elf.h"
#include "rootfs_module_ini.h"

/*
 * Check those of `ini` (NULL: there are none) against those of the module `name`, which was read as `elf`.
 * Taken of every module are async_probe, dyndbg, and names with a dot, which belong to another part of the
 * kernel. FALSE: ROOTFS_ERROR_MODULE, with "FILE:LINE: " in front.
 */
gboolean rootfs_module_parameters_check(const RootfsModuleIni *ini, const RootfsElf *elf, const char *name,
                                        GError **error);

#endif
