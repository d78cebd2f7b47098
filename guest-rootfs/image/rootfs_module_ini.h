/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a module.ini says of a kernel module. It is a key file with the group [module]:
 *
 *     load = boot | manual    manual: it lies in /lib/modules, and somebody loads it
 *     parameters = TEXT       as on insmod's command line
 *     after = NAME;NAME       modules that are built and loaded before it, beside those that it
 *                             depends on; it can use their symbols
 */
#ifndef ROOTFS_MODULE_INI_H
#define ROOTFS_MODULE_INI_H

#include <glib.h>

typedef struct {
    gboolean manual;
    char *parameters; /* one line; NULL: none */
    char *parameters_place; /* "FILE:LINE" of them; likewise */
    GStrv after;      /* NULL: none */
} RootfsModuleIni;

/*
 * Read the file `path`. NULL with ROOTFS_ERROR_SOURCE when it cannot be read, and with
 * ROOTFS_ERROR_MODULE, and "FILE:LINE: " in front of the problem, when it is no ini file in UTF-8, has an
 * unknown group, key or value, or one of them twice. Free with rootfs_module_ini_free().
 */
RootfsModuleIni *rootfs_module_ini_load(const char *path, GError **error);
void rootfs_module_ini_free(RootfsModuleIni *ini);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsModuleIni, rootfs_module_ini_free)

#endif
