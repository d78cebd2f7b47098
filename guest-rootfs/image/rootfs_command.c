/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_command.h"

#include "rootfs_directory.h"
#include "rootfs_manifest.h"
#include "rootfs_module_specs.h"
#include "rootfs_options.h"

#include <dirent.h>
#include <errno.h>

/* What the options are carried out with. */
typedef struct {
    const RootfsCommand *command;
    const RootfsOptions *options;
    RootfsMachine machine;
    RootfsImage *image;
    RootfsKernel *kernel;   /* NULL: nobody says where one is */
    RootfsModules *modules; /* NULL: none asked for */
    RootfsMake *make;       /* NULL: nothing is built from source */
} Build;

static void clear_build(Build *build)
{
    g_clear_pointer(&build->make, rootfs_make_free);
    g_clear_pointer(&build->modules, rootfs_modules_free);
    g_clear_pointer(&build->kernel, rootfs_kernel_free);
    g_clear_pointer(&build->image, rootfs_image_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Build, clear_build)

typedef gboolean Step(Build *build, const char *word, GError **error);

/* For every word of an option that may come several times, or not at all. */
static gboolean each(Build *build, char **words, Step *step, GError **error)
{
    for (; words != NULL && *words != NULL; words++) {
        if (!step(build, *words, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean start_image(Build *build, GError **error)
{
    RootfsCompression compression = ROOTFS_COMPRESSION_NONE;
    const RootfsOptions *options = build->options;

    if (!rootfs_machine_parse(options->machine, &build->machine, error) ||
        (options->compress != NULL &&
         !rootfs_compression_parse(options->compress, &compression, error))) {
        return FALSE;
    }
    build->image = rootfs_image_new(build->machine);
    rootfs_image_set_replace(build->image, options->replace);
    rootfs_image_set_compression(build->image, compression);
    return TRUE;
}

static gboolean set_variable(Build *build, const char *pair, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(pair, "=", 2);

    if (g_strv_length(parts) != 2) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX, "--set %s: it is no NAME=VALUE; write both",
                    pair);
        return FALSE;
    }
    if (!rootfs_image_set_variable(build->image, parts[0], parts[1], error)) {
        g_prefix_error(error, "--set %s: ", pair);
        return FALSE;
    }
    return TRUE;
}

/* A name that was mistyped, or whose template is not there. */
static gboolean check_variable(Build *build, const char *pair, GError **error)
{
    g_autofree char *name = g_strndup(pair, strcspn(pair, "="));

    if (!rootfs_image_has_used(build->image, name)) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX,
                    "--set %s: no template has @%s@; a template is a file of an --overlay whose name ends "
                    "in .in", pair, name);
        return FALSE;
    }
    return TRUE;
}

static gboolean load_base(Build *build, GError **error)
{
    const RootfsOptions *options = build->options;
    g_autofree char *own = NULL;

    if (options->base != NULL) {
        return rootfs_image_load_base(build->image, options->base, !options->append, error);
    }
    if (options->no_base || build->command->images == NULL) {
        return TRUE;
    }
    own = g_strdup_printf("%s/%s.cpio", build->command->images, options->machine);
    return rootfs_image_load_base(build->image, own, TRUE, error);
}

/* ---- What is built from source ---- */

static gboolean check_make(const Build *build, const char *directory, GError **error)
{
    if (build->make == NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX,
                    "%s: %s builds nothing from source; use vmbench rootfs build", directory,
                    build->command->name);
    }
    return build->make != NULL;
}

static gboolean start_making(Build *build, GError **error)
{
    const RootfsOptions *options = build->options;
    const char *scripts = build->command->tools.scripts;
    g_autofree char *own = NULL;

    if (scripts == NULL) {
        return options->libs == NULL || check_make(build, options->libs[0], error);
    }
    if (options->packages == NULL && options->modules == NULL && options->libs == NULL) {
        return TRUE;
    }
    build->make = rootfs_make_new(&build->command->tools, build->machine);
    own = options->packages != NULL ? g_build_filename(scripts, "lib", NULL) : NULL;
    return rootfs_make_libraries(build->make, own, options->libs, error);
}

static gboolean add_package(Build *build, const char *directory, GError **error)
{
    g_autofree char *stage = check_make(build, directory, error)
                             ? rootfs_make_package(build->make, directory, error) : NULL;
    gboolean good = stage != NULL && rootfs_image_add_stage(build->image, stage, error);

    if (build->make != NULL) {
        rootfs_make_release(build->make);
    }
    return good;
}

/* ---- Modules ---- */

char *rootfs_command_modules(const RootfsCommand *command, const RootfsOptions *options)
{
    const char *guests = command->tools.guests;

    if (options->kernel_modules != NULL) {
        return g_strdup(options->kernel_modules);
    }
    return guests != NULL ? g_build_filename(guests, options->machine, "modules", NULL) : NULL;
}

/* Modules know their kernel, and templates its release. */
static gboolean find_kernel(Build *build, GError **error)
{
    g_autofree char *modules = rootfs_command_modules(build->command, build->options);

    if (modules == NULL) {
        return TRUE;
    }
    build->kernel = rootfs_kernel_new(modules, error);
    if (build->kernel == NULL) {
        return FALSE;
    }
    rootfs_image_set_kernel(build->image, rootfs_kernel_vermagic(build->kernel));
    return TRUE;
}

static gboolean check_module(Build *build, const char *spec, GError **error)
{
    return !g_file_test(spec, G_FILE_TEST_IS_DIR) || check_make(build, spec, error);
}

static gboolean add_kernel_module(Build *build, const char *name, GError **error)
{
    return rootfs_modules_add_kernels(build->modules, name, error);
}

static gboolean add_modules(Build *build, GError **error)
{
    const RootfsOptions *options = build->options;

    if (options->modules == NULL && options->kernel_module == NULL) {
        return TRUE;
    }
    if (build->kernel == NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX,
                    "--module and --kernel-module: give --kernel-modules too");
        return FALSE;
    }
    build->modules = rootfs_modules_new(build->kernel);
    return each(build, options->modules, check_module, error) &&
           rootfs_module_specs_add(options->modules, build->make, build->kernel, build->modules,
                                   build->image, error) &&
           each(build, options->kernel_module, add_kernel_module, error) &&
           rootfs_modules_place(build->modules, build->image, error);
}

/* ---- Files ---- */

static gboolean add_overlay(Build *build, const char *spec, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(spec, ":", 2);

    return rootfs_image_add_tree(build->image, parts[1] != NULL ? parts[1] : "/", parts[0], error);
}

static gboolean add_stage(Build *build, const char *directory, GError **error)
{
    return rootfs_image_add_stage(build->image, directory, error);
}

static gboolean add_manifest(Build *build, const char *path, GError **error)
{
    return rootfs_manifest_load(build->image, path, error);
}

static gboolean add_file(Build *build, const char *spec, GError **error)
{
    return rootfs_image_add_spec(build->image, spec, error);
}

/* Also when no program needs it: the name may be mistyped. */
static gboolean check_libs_from(Build *build, const char *path, GError **error)
{
    DIR *directory = opendir(path);

    (void)build;
    if (directory == NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE,
                    "--libs-from %s: cannot be read: %s; name a directory that is there", path,
                    g_strerror(errno));
        return FALSE;
    }
    closedir(directory);
    return TRUE;
}

static gboolean add_libraries(Build *build, GError **error)
{
    const RootfsOptions *options = build->options;

    return !options->with_libs ||
           rootfs_image_add_libraries(build->image, (const char *const *)options->libs_from, error);
}

static gboolean add_all(Build *build, GError **error)
{
    const RootfsOptions *options = build->options;

    return each(build, options->packages, add_package, error) && add_modules(build, error) &&
           each(build, options->stages, add_stage, error) &&
           each(build, options->overlays, add_overlay, error) &&
           each(build, options->variables, check_variable, error) &&
           each(build, options->manifests, add_manifest, error) &&
           each(build, options->files, add_file, error) && add_libraries(build, error);
}

RootfsImage *rootfs_command_image(const RootfsCommand *command, const RootfsOptions *options,
                                  GError **error)
{
    g_auto(Build) build = {.command = command, .options = options};
    gboolean good = start_image(&build, error) &&
                    each(&build, options->variables, set_variable, error) &&
                    each(&build, options->libs_from, check_libs_from, error) &&
                    load_base(&build, error) && find_kernel(&build, error) &&
                    start_making(&build, error) && add_all(&build, error);

    return good ? g_steal_pointer(&build.image) : NULL;
}

gboolean rootfs_command_build(const RootfsCommand *command, int argc, char **argv, GError **error)
{
    g_autoptr(RootfsOptions) options = rootfs_options_parse(command->name, argc, argv, error);
    g_autoptr(RootfsImage) image =
        options != NULL ? rootfs_command_image(command, options, error) : NULL;

    return image != NULL && rootfs_image_check_init(image, error) &&
           rootfs_image_write(image, options->output, error);
}
