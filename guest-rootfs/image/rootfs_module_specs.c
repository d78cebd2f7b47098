/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_module_specs.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *path; /* of the .ko file, or the directory of the source */
    char *name; /* as the kernel has it */
    gboolean is_source;
    char *ini_path;       /* NULL: there is none */
    RootfsModuleIni *ini; /* likewise */
    GPtrArray *behind;    /* directories of sources that were built before, borrowed */
    enum { UNSEEN, ON_THE_WAY, ADDED } state;
} Spec;

typedef struct {
    GPtrArray *specs;
    GPtrArray *sources; /* the directories of those that are built, borrowed */
    RootfsMake *make;
    RootfsKernel *kernel;
    RootfsModules *modules;
    RootfsImage *image;
} Adding;

static void free_spec(Spec *spec)
{
    g_free(spec->path);
    g_free(spec->name);
    g_free(spec->ini_path);
    g_clear_pointer(&spec->ini, rootfs_module_ini_free);
    g_ptr_array_unref(spec->behind);
    g_free(spec);
}

/* ---- What there is ---- */

static char *ini_below(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "module.ini", NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS) ? g_steal_pointer(&path) : NULL;
}

/* A directory has its own name, even as "." or behind a link: that is the module's. */
static char *kernels_name(const Spec *spec)
{
    g_autofree char *real = spec->is_source ? realpath(spec->path, NULL) : NULL;

    return rootfs_kernel_module_name(real != NULL ? real : spec->path);
}

static Spec *new_spec(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);
    Spec *spec = g_new0(Spec, 1);

    spec->is_source = g_file_test(text, G_FILE_TEST_IS_DIR);
    spec->path = g_strdup(spec->is_source ? text : parts[0]);
    spec->ini_path = spec->is_source ? ini_below(text) : g_strdup(parts[1]);
    spec->name = kernels_name(spec);
    spec->behind = g_ptr_array_new();
    return spec;
}

static Spec *find(const Adding *adding, const char *name)
{
    g_autofree char *plain = rootfs_kernel_module_name(name);

    for (guint i = 0; i < adding->specs->len; i++) {
        Spec *spec = adding->specs->pdata[i];

        if (strcmp(spec->name, plain) == 0) {
            return spec;
        }
    }
    return NULL;
}

/* Told here by the paths that the user has given: later there are those of what was built. */
static gboolean check_once(const Adding *adding, const Spec *spec, GError **error)
{
    const Spec *other = find(adding, spec->name);

    if (other != NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_MODULE,
                    "%s: the module %s is added twice, also as %s; remove one of the two", spec->path,
                    spec->name, other->path);
    }
    return other == NULL;
}

static gboolean collect_one(Adding *adding, Spec *spec, GError **error)
{
    gboolean once = check_once(adding, spec, error);

    g_ptr_array_add(adding->specs, spec);
    if (!once) {
        return FALSE;
    }
    if (spec->is_source) {
        g_ptr_array_add(adding->sources, spec->path);
    }
    if (spec->ini_path != NULL) {
        spec->ini = rootfs_module_ini_load(spec->ini_path, error);
    }
    return spec->ini_path == NULL || spec->ini != NULL;
}

static gboolean collect(Adding *adding, char **specs, GError **error)
{
    for (; specs != NULL && *specs != NULL; specs++) {
        if (!collect_one(adding, new_spec(*specs), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- One behind the other ---- */

static gboolean visit(Adding *adding, Spec *spec, const char *user, GError **error);

static void append_once(GPtrArray *array, char *directory)
{
    if (!g_ptr_array_find(array, directory, NULL)) {
        g_ptr_array_add(array, directory);
    }
}

/* Also what it comes behind itself: its headers may need theirs. */
static void come_behind(Spec *spec, const Spec *other)
{
    for (guint i = 0; i < other->behind->len; i++) {
        append_once(spec->behind, other->behind->pdata[i]);
    }
    if (other->is_source) {
        append_once(spec->behind, other->path);
    }
}

/* One that is there already: in the image, whose symbols are not known, or the kernel's. */
static gboolean check_there(Adding *adding, const Spec *spec, const char *name, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    g_autofree char *bases = rootfs_image_bases_module(adding->image, name, &bytes);

    if (bases == NULL && rootfs_kernel_module(adding->kernel, name, error) == NULL) {
        g_prefix_error(error, "%s: %s is in `after`: ", spec->ini_path, name);
        return FALSE;
    }
    return TRUE;
}

static gboolean visit_named(Adding *adding, Spec *spec, const char *name, GError **error)
{
    Spec *other = find(adding, name);

    if (other == NULL) {
        return check_there(adding, spec, name, error);
    }
    if (!visit(adding, other, spec->ini_path, error)) {
        return FALSE;
    }
    come_behind(spec, other);
    return TRUE;
}

static gboolean build_and_add(Adding *adding, Spec *spec, GError **error)
{
    g_autofree char *file = spec->is_source ? rootfs_make_module(adding->make, spec->path, spec->behind,
                                                                 adding->sources, error)
                                            : g_strdup(spec->path);

    return file != NULL && rootfs_modules_add(adding->modules, file, spec->ini, error);
}

/* Recursion is as deep as modules come behind modules. `user`: whose module.ini asks for it. */
static gboolean visit(Adding *adding, Spec *spec, const char *user, GError **error)
{
    if (spec->state == ON_THE_WAY) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_MODULE,
                    "%s: waits for %s, which waits for it; remove one `after`", user, spec->path);
        return FALSE;
    }
    if (spec->state == ADDED) {
        return TRUE;
    }
    spec->state = ON_THE_WAY;
    for (char **name = spec->ini != NULL ? spec->ini->after : NULL; name != NULL && *name != NULL;
         name++) {
        if (!visit_named(adding, spec, *name, error)) {
            return FALSE;
        }
    }
    spec->state = ADDED;
    return build_and_add(adding, spec, error);
}

gboolean rootfs_module_specs_add(char **specs, RootfsMake *make, RootfsKernel *kernel,
                                 RootfsModules *modules, RootfsImage *image, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)free_spec);
    g_autoptr(GPtrArray) sources = g_ptr_array_new();
    Adding adding = {all, sources, make, kernel, modules, image};
    gboolean good = collect(&adding, specs, error);

    for (guint i = 0; good && i < all->len; i++) {
        good = visit(&adding, all->pdata[i], NULL, error);
    }
    return good;
}
