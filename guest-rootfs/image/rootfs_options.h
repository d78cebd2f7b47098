/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of the image builder. */
#ifndef ROOTFS_OPTIONS_H
#define ROOTFS_OPTIONS_H

#include <glib.h>

/* As they were given; NULL or FALSE: not at all. Lists end with NULL. */
typedef struct {
    char *machine;
    char *base;
    gboolean append; /* no option: the base's bytes are not written, so that names will do */
    gboolean no_base;
    gboolean replace;
    char **variables;
    char **libs;
    char **packages;
    char **modules;
    char **kernel_module;
    char *kernel_modules;
    char **stages; /* directories that pkg/build has filled */
    char **overlays;
    char **manifests;
    char **files;
    gboolean with_libs;
    char **libs_from;
    char *compress;
    char *output;
} RootfsOptions;

/*
 * Read them; `command` is the name of the command. --help prints them and ends the process. Errors:
 * ROOTFS_ERROR_SYNTAX. Free the result with rootfs_options_free().
 */
RootfsOptions *rootfs_options_parse(const char *command, int argc, char **argv, GError **error);
void rootfs_options_free(RootfsOptions *options);

/* Free what is in it alone. */
void rootfs_options_clear(RootfsOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsOptions, rootfs_options_free)

#endif
