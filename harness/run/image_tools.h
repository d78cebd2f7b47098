/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the image builder finds what it needs: of the settings, the environment, or the build. */
#ifndef VMBENCH_IMAGE_TOOLS_H
#define VMBENCH_IMAGE_TOOLS_H

#include "rootfs_command.h"
#include "settings.h"

/*
 * For a command of that name, a static text. It points into the settings; NULL: the command has none, and
 * what it points to lives until the process ends.
 */
RootfsCommand vmb_image_tools(const char *name, const VmbSettings *settings);

/* The file of our init for a machine. Free with g_free(). */
char *vmb_image_tools_init(const VmbSettings *settings, const char *machine);

#endif
