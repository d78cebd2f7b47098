/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_command.h"

#include "rootfs_directory.h"
#include "rootfs_manifest.h"
#include "rootfs_module.h"

#include <string.h>

typedef struct {
    char *machine;
    char *base;
    gboolean no_base;
    gboolean replace;
    char **variables;
    char **overlays;
    char **manifests;
    char **files;
    char *kernel_modules;
    char **kernel_module;
    char **modules;
    gboolean with_libs;
    char **libs_from;
    char *compress;
    char *output;
} Options;

static void free_options(Options *options)
{
    g_free(options->machine);
    g_free(options->base);
    g_strfreev(options->variables);
    g_strfreev(options->overlays);
    g_strfreev(options->manifests);
    g_strfreev(options->files);
    g_free(options->kernel_modules);
    g_strfreev(options->kernel_module);
    g_strfreev(options->modules);
    g_strfreev(options->libs_from);
    g_free(options->compress);
    g_free(options->output);
    g_free(options);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Options, free_options)

static const char description[] =
    "HOST:GUEST puts the file HOST of this computer at the path GUEST of the guest; MODE is octal.\n"
    "Manifest lines are `dir GUEST MODE UID GID`, `file GUEST HOST MODE UID GID`, `slink GUEST\n"
    "TARGET MODE UID GID` and `nod GUEST MODE UID GID b|c MAJOR MINOR`.\n"
    "Without --base the image starts from the bench's own, which boots and has a shell.";

static gboolean parse(const RootfsCommand *command, int argc, char **argv, Options *o,
                      GError **error)
{
    const GOptionEntry entries[] = {
        {"machine", 'm', 0, G_OPTION_ARG_STRING, &o->machine, "raspi4b or x86", "M"},
        {"base", 'b', 0, G_OPTION_ARG_FILENAME, &o->base,
         "cpio archive to start from, also .gz, .xz and .zst", "FILE"},
        {"no-base", 0, 0, G_OPTION_ARG_NONE, &o->no_base, "Start from nothing", NULL},
        {"overlay", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->overlays,
         "Add all that lies in DIR, below / or GUEST: DIR[:GUEST]", "SPEC"},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->variables,
         "The value of @NAME@ in files of DIR that end in .in", "NAME=VALUE"},
        {"add", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &o->files,
         "Add a file: HOST:GUEST[:MODE[:UID:GID]]", "SPEC"},
        {"manifest", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->manifests,
         "Add what FILE lists", "FILE"},
        {"module", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->modules,
         "Add a kernel module that init loads, unless INI says otherwise: FILE.ko[:INI]", "SPEC"},
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
    g_autoptr(GOptionContext) context = g_option_context_new("- build a guest's cpio archive");

    argv[0] = (char *)command->name;
    g_option_context_set_description(context, description);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, error)) {
        return FALSE;
    }
    if (argc != 1) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX, "%s is no option: see %s --help",
                    argv[1], command->name);
        return FALSE;
    }
    if (o->machine == NULL || o->output == NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX,
                    "give --machine and --output: see %s --help", command->name);
        return FALSE;
    }
    return TRUE;
}

static gboolean load_base(const RootfsCommand *command, const Options *options, RootfsImage *image,
                          GError **error)
{
    g_autofree char *own = NULL;

    if (options->base != NULL) {
        return rootfs_image_load_base(image, options->base, TRUE, error);
    }
    if (options->no_base || command->images == NULL) {
        return TRUE;
    }
    own = g_strdup_printf("%s/%s.cpio", command->images, options->machine);
    return rootfs_image_load_base(image, own, TRUE, error);
}

static gboolean set_variables(const Options *options, RootfsImage *image, GError **error)
{
    for (char **pair = options->variables; pair != NULL && *pair != NULL; pair++) {
        g_auto(GStrv) parts = g_strsplit(*pair, "=", 2);

        if (g_strv_length(parts) != 2) {
            g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX, "--set %s: it is no NAME=VALUE",
                        *pair);
            return FALSE;
        }
        if (!rootfs_image_set_variable(image, parts[0], parts[1], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_overlay(RootfsImage *image, const char *spec, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(spec, ":", 2);

    return rootfs_image_add_tree(image, parts[1] != NULL ? parts[1] : "/", parts[0], error);
}

static gboolean add_module(RootfsModules *modules, const char *spec, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(spec, ":", 2);

    return rootfs_modules_add(modules, parts[0], parts[1], error);
}

/* NULL without an error: nobody says where a kernel is. */
static RootfsKernel *find_kernel(const RootfsCommand *command, const Options *options,
                                 GError **error)
{
    g_autofree char *own = NULL;

    if (options->kernel_modules != NULL) {
        return rootfs_kernel_new(options->kernel_modules, error);
    }
    own = command->guests != NULL ? g_build_filename(command->guests, options->machine, NULL) : NULL;
    return own != NULL ? rootfs_kernel_new(own, error) : NULL;
}

static gboolean add_modules(const Options *options, const RootfsKernel *kernel, RootfsImage *image,
                            GError **error)
{
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);

    for (char **spec = options->modules; spec != NULL && *spec != NULL; spec++) {
        if (!add_module(modules, *spec, error)) {
            return FALSE;
        }
    }
    for (char **name = options->kernel_module; name != NULL && *name != NULL; name++) {
        if (!rootfs_modules_add_kernels(modules, *name, error)) {
            return FALSE;
        }
    }
    return rootfs_modules_place(modules, image, error);
}

/* Modules know their kernel, and templates its release. */
static gboolean add_kernels(const RootfsCommand *command, const Options *options,
                            RootfsImage *image, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(RootfsKernel) kernel = find_kernel(command, options, &cause);

    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    if (kernel != NULL) {
        rootfs_image_set_kernel(image, rootfs_kernel_vermagic(kernel));
    }
    if (options->modules == NULL && options->kernel_module == NULL) {
        return TRUE;
    }
    if (kernel == NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX,
                    "--module and --kernel-module: give --kernel-modules too");
        return FALSE;
    }
    return add_modules(options, kernel, image, error);
}

static gboolean add_all(const Options *options, RootfsImage *image, GError **error)
{
    for (char **spec = options->overlays; spec != NULL && *spec != NULL; spec++) {
        if (!add_overlay(image, *spec, error)) {
            return FALSE;
        }
    }
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
    return !options->with_libs ||
           rootfs_image_add_libraries(image, (const char *const *)options->libs_from, error);
}

static gboolean build(const RootfsCommand *command, const Options *options, GError **error)
{
    g_autoptr(RootfsImage) image = NULL;
    RootfsMachine machine;
    RootfsCompression compression = ROOTFS_COMPRESSION_NONE;

    if (!rootfs_machine_parse(options->machine, &machine, error) ||
        (options->compress != NULL &&
         !rootfs_compression_parse(options->compress, &compression, error))) {
        return FALSE;
    }
    image = rootfs_image_new(machine);
    rootfs_image_set_replace(image, options->replace);
    rootfs_image_set_compression(image, compression);
    return set_variables(options, image, error) &&
           load_base(command, options, image, error) &&
           add_kernels(command, options, image, error) && add_all(options, image, error) &&
           rootfs_image_check(image, error) && rootfs_image_write(image, options->output, error);
}

gboolean rootfs_command_build(const RootfsCommand *command, int argc, char **argv, GError **error)
{
    g_autoptr(Options) options = g_new0(Options, 1);

    return parse(command, argc, argv, options, error) && build(command, options, error);
}
