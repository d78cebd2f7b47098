/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench rootfs: the image builder, which starts from the bench's own images. */
#include "commands.h"

#include <string.h>

#include "image_tools.h"

static gboolean is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int vmb_rootfs_main(int argc, char **argv)
{
    const RootfsCommand command = vmb_image_tools("vmbench rootfs build", NULL);
    g_autoptr(GError) error = NULL;

    if (argc > 1 && strcmp(argv[1], "build") == 0) {
        argc--;
        argv++;
    } else if (argc < 2 || !is_help(argv[1])) {
        g_set_error(&error, VMB_ERROR, VMB_ERROR_USAGE, "rootfs %s: it is vmbench rootfs build: see "
                    "vmbench rootfs build --help", argc < 2 ? "without a word" : argv[1]);
        return vmb_fail(error, NULL);
    }
    if (rootfs_command_build(&command, argc, argv, &error)) {
        return 0;
    }
    vmb_fail(error, NULL);
    return g_error_matches(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX) ? VMB_ERROR_USAGE
                                                                     : vmb_exit_status(error, NULL);
}
