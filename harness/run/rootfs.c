/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench rootfs: the image builder, which starts from the bench's own images. */
#include "commands.h"

#include <string.h>

#include "image_tools.h"

int vmb_rootfs_main(int argc, char **argv)
{
    const RootfsCommand command = vmb_image_tools("vmbench rootfs build", NULL);
    g_autoptr(GError) error = NULL;
    gboolean known = argc > 1 && strcmp(argv[1], "build") == 0;

    if (known && rootfs_command_build(&command, argc - 1, argv + 1, &error)) {
        return 0;
    }
    if (!known) {
        g_set_error(&error, VMB_ERROR, VMB_ERROR_USAGE,
                    "say what to do: see vmbench rootfs build --help");
    }
    if (error->domain == G_OPTION_ERROR || g_error_matches(error, ROOTFS_ERROR,
                                                           ROOTFS_ERROR_SYNTAX)) {
        vmb_fail(error, NULL);
        return VMB_ERROR_USAGE;
    }
    return vmb_fail(error, NULL);
}
