/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the image builder finds what it needs: of the build, or of the environment. */
#ifndef VMBENCH_IMAGE_TOOLS_H
#define VMBENCH_IMAGE_TOOLS_H

#include "rootfs_command.h"

/* For a command of that name, a static text. What it points to lives until the process ends. */
RootfsCommand vmb_image_tools(const char *name);

/* The file of our init for a machine. Free with g_free(). */
char *vmb_image_tools_init(const char *machine);

#endif
