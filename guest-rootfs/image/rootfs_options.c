/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_options.h"

#include <string.h>

#include "rootfs_image.h"
#include "rootfs_short_options.h"

void rootfs_options_clear(RootfsOptions *options)
{
    g_free(options->machine);
    g_free(options->base);
    g_strfreev(options->variables);
    g_strfreev(options->libs);
    g_strfreev(options->packages);
    g_strfreev(options->modules);
    g_strfreev(options->kernel_module);
    g_free(options->kernel_modules);
    g_strfreev(options->stages);
    g_strfreev(options->overlays);
    g_strfreev(options->manifests);
    g_strfreev(options->files);
    g_strfreev(options->libs_from);
    g_free(options->compress);
    g_free(options->output);
    memset(options, 0, sizeof(*options));
}

void rootfs_options_free(RootfsOptions *options)
{
    rootfs_options_clear(options);
    g_free(options);
}

static const char description[] =
    "HOST:GUEST puts the file HOST of this computer at the path GUEST of the guest; MODE is octal.\n"
    "Manifest lines are `dir GUEST MODE UID GID`, `file GUEST HOST MODE UID GID`, `slink GUEST\n"
    "TARGET MODE UID GID` and `nod GUEST MODE UID GID b|c MAJOR MINOR`.\n"
    "Without --base the image starts from the bench's own, which boots and has a shell.";

/* Read them from the words that are made of argv, and leave there what is no option. */
static gboolean parse(GOptionContext *context, RootfsOptions *o, int argc, char **argv, char ***words,
                      GError **error)
{
    const GOptionEntry entries[] = {
        {"machine", 'm', 0, G_OPTION_ARG_STRING, &o->machine, "raspi4b or x86", "M"},
        {"base", 'b', 0, G_OPTION_ARG_FILENAME, &o->base,
         "cpio archive to start from, also .gz, .xz and .zst", "FILE"},
        {"no-base", 0, 0, G_OPTION_ARG_NONE, &o->no_base, "Start from nothing", NULL},
        {"overlay", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->overlays,
         "Add all that lies in DIR, below / or GUEST: DIR[:GUEST]", "SPEC"},
        {"stage", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME_ARRAY, &o->stages,
         "Add what pkg/build has put into DIR", "DIR"},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->variables,
         "The value of @NAME@ in files of an overlay that end in .in", "NAME=VALUE"},
        {"add", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &o->files,
         "Add a file: HOST:GUEST[:MODE[:UID:GID]]", "SPEC"},
        {"manifest", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->manifests,
         "Add what FILE lists", "FILE"},
        {"pkg", 'p', 0, G_OPTION_ARG_FILENAME_ARRAY, &o->packages,
         "Build the programs in DIR, static, and add them", "DIR"},
        {"lib", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->libs,
         "Build the static library in DIR for them", "DIR"},
        {"module", 'M', 0, G_OPTION_ARG_FILENAME_ARRAY, &o->modules,
         "Build the kernel module in DIR, or take FILE.ko; init loads it unless INI, or "
         "DIR/module.ini, says otherwise", "DIR|FILE.ko[:INI]"},
        {"kernel-module", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->kernel_module,
         "Add a module of the kernel's own, to be loaded by hand", "NAME"},
        {"kernel-modules", 0, 0, G_OPTION_ARG_FILENAME, &o->kernel_modules,
         "Where the kernel's own modules are", "DIR"},
        {"replace", 0, 0, G_OPTION_ARG_NONE, &o->replace,
         "What is added takes the place of what the base has there", NULL},
        {"with-libs", 0, 0, G_OPTION_ARG_NONE, &o->with_libs,
         "Add the loader and libraries of dynamic programs", NULL},
        {"libs-from", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->libs_from,
         "Look for them in DIR first: libraries, or a sysroot", "DIR"},
        {"compress", 0, 0, G_OPTION_ARG_STRING, &o->compress, "gzip or zstd", "HOW"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output, "Archive to write", "FILE"},
        G_OPTION_ENTRY_NULL,
    };

    g_option_context_add_main_entries(context, entries, NULL);
    *words = rootfs_short_options_split(argc, argv, entries, NULL);
    return g_option_context_parse_strv(context, words, error);
}

static gboolean check(const RootfsOptions *o, const char *command, GError **error)
{
    const char *problem = NULL;

    if (o->machine == NULL || o->output == NULL) {
        problem = "give --machine and --output";
    } else if (o->output[0] == '\0') {
        problem = "--output is empty; give the name of a file";
    } else if (o->no_base && o->base != NULL) {
        problem = "--no-base and --base exclude each other; leave one of them out";
    }
    if (problem != NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX, "%s: see %s --help", problem, command);
    }
    return problem == NULL;
}

RootfsOptions *rootfs_options_parse(const char *command, int argc, char **argv, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- build a guest's cpio archive");
    g_autoptr(RootfsOptions) o = g_new0(RootfsOptions, 1);
    g_autoptr(GError) cause = NULL;
    g_auto(GStrv) words = NULL;

    argv[0] = (char *)command; /* for --help */
    g_option_context_set_description(context, description);
    if (!parse(context, o, argc, argv, &words, &cause)) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX, "%s: see %s --help", cause->message,
                    command);
        return NULL;
    }
    if (words[1] != NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX, "%s is no option: see %s --help",
                    words[1], command);
        return NULL;
    }
    return check(o, command, error) ? g_steal_pointer(&o) : NULL;
}

