/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image builder as a command: `vmbench rootfs build`, and rootfs-build for this tree's images. */
#ifndef ROOTFS_COMMAND_H
#define ROOTFS_COMMAND_H

#include "rootfs_make.h"
#include "rootfs_options.h"

typedef struct {
    const char *name;   /* of the command, for --help */
    const char *images; /* directory with MACHINE.cpio to start from; NULL: start from nothing */
    RootfsTools tools;  /* scripts NULL: nothing is built from source; guests NULL: no kernel */
} RootfsCommand;

/*
 * Build the image that the options ask for; --help prints them and ends the process. FALSE with *error
 * set: ROOTFS_ERROR_SYNTAX for the command line, and every ROOTFS_ERROR.
 */
gboolean rootfs_command_build(const RootfsCommand *command, int argc, char **argv,
                              GError **error);

/*
 * The directory with the modules of the kernel that boots: --kernel-modules, else that of the command's
 * `guests` for the machine. NULL: nobody says. Free with g_free().
 */
char *rootfs_command_modules(const RootfsCommand *command, const RootfsOptions *options);

/*
 * The image that the options ask for, to be checked and written; their `output` is not used.
 * Errors: as above. Free with rootfs_image_free().
 */
RootfsImage *rootfs_command_image(const RootfsCommand *command, const RootfsOptions *options,
                                  GError **error);

#endif
