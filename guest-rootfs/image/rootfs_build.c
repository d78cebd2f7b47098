/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rootfs-build: builds this tree's own images, before there is a vmbench. */
#include "rootfs_command.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    static const RootfsCommand command = {.name = "rootfs-build"};
    g_autoptr(GError) error = NULL;

    if (!rootfs_command_build(&command, argc, argv, &error)) {
        g_printerr("rootfs-build: %s\n", error->message);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
