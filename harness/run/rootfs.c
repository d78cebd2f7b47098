/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench rootfs: the image builder, which starts from the bench's own images. */
#include "commands.h"

#include <string.h>

#include "paths.h"
#include "rootfs_command.h"

static const char *from_environment(const char *variable, const char *built_in)
{
    const char *set = g_getenv(variable);

    return set != NULL && set[0] != '\0' ? set : built_in;
}

static gboolean build(int argc, char **argv, GError **error)
{
    g_autofree char *cache = g_build_filename(g_get_user_cache_dir(), "vmmio-bench", "rootfs", NULL);
    const RootfsCommand command = {
        .name = "vmbench rootfs build",
        .images = from_environment("VMBENCH_IMAGES", VMB_IMAGES_DIR),
        .tools = {
            .scripts = VMB_GUEST_ROOTFS,
            .guests = from_environment("VMBENCH_GUEST_DIR", VMB_GUEST_DIR),
            .cache = cache,
        },
    };

    return rootfs_command_build(&command, argc, argv, error);
}

int vmb_rootfs_main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean known = argc > 1 && strcmp(argv[1], "build") == 0;

    if (known && build(argc - 1, argv + 1, &error)) {
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
