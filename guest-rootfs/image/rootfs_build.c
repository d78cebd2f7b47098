/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rootfs-build: the image builder as a command. */
#include "rootfs_image.h"
#include "rootfs_manifest.h"

#include <stdlib.h>

struct options {
    char *machine;
    char **manifests;
    char **files;
    char *output;
};

static gboolean parse_options(int *argc, char ***argv, struct options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"machine", 'm', 0, G_OPTION_ARG_STRING, &options->machine, "raspi4b or x86", "NAME"},
        {"manifest", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->manifests,
         "Add what FILE lists (dir, file, slink and nod lines)", "FILE"},
        {"add", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &options->files,
         "Add a file: HOST:GUEST[:MODE[:UID:GID]]", "SPEC"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, "Archive to write", "FILE"},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- build a guest's cpio archive");

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error)) {
        return FALSE;
    }
    if (options->machine == NULL || options->output == NULL || *argc != 1) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX,
                    "give --machine, --output and no other words; see --help");
        return FALSE;
    }
    return TRUE;
}

static gboolean build(const struct options *options, GError **error)
{
    g_autoptr(RootfsImage) image = NULL;
    RootfsMachine machine;

    if (!rootfs_machine_parse(options->machine, &machine, error)) {
        return FALSE;
    }
    image = rootfs_image_new(machine);
    for (char **path = options->manifests; path != NULL && *path != NULL; path++) {
        if (!rootfs_manifest_load(image, *path, error)) {
            return FALSE;
        }
    }
    for (char **spec = options->files; spec != NULL && *spec != NULL; spec++) {
        if (!rootfs_image_add_spec(image, *spec, error)) {
            return FALSE;
        }
    }
    return rootfs_image_write(image, options->output, error);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    g_autoptr(GError) error = NULL;
    gboolean good = parse_options(&argc, &argv, &options, &error) && build(&options, &error);

    if (!good) {
        g_printerr("rootfs-build: %s\n", error->message);
    }
    g_free(options.machine);
    g_strfreev(options.manifests);
    g_strfreev(options.files);
    g_free(options.output);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
