/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_module.h"

#include "rootfs_elf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *path;
    RootfsElf *elf;
    gboolean kernels; /* the kernel's own */
    gboolean boot;
    char *parameters;
    GStrv after;
    enum { UNSEEN, ON_THE_WAY, PLACED } state;
} Module;

struct RootfsModules {
    const RootfsKernel *kernel;
    GTree *modules; /* name -> Module */
};

static void free_module(Module *module)
{
    g_free(module->path);
    g_clear_pointer(&module->elf, rootfs_elf_free);
    g_free(module->parameters);
    g_strfreev(module->after);
    g_free(module);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Module, free_module)

static gint compare_names(gconstpointer a, gconstpointer b, gpointer unused)
{
    (void)unused;
    return strcmp(a, b);
}

RootfsModules *rootfs_modules_new(const RootfsKernel *kernel)
{
    RootfsModules *modules = g_new0(RootfsModules, 1);

    modules->kernel = kernel;
    modules->modules = g_tree_new_full(compare_names, NULL, g_free, (GDestroyNotify)free_module);
    return modules;
}

void rootfs_modules_free(RootfsModules *modules)
{
    g_tree_unref(modules->modules);
    g_free(modules);
}

G_GNUC_PRINTF(2, 3)
static gboolean fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_clear_error(error);
    g_propagate_error(error, g_error_new_valist(ROOTFS_ERROR, ROOTFS_ERROR_MODULE, format, args));
    va_end(args);
    return FALSE;
}

/* ---- One module ---- */

static gboolean read_module(Module *module, GError **error)
{
    int fd = open(module->path, O_RDONLY | O_CLOEXEC);
    gboolean good;

    if (fd < 0) {
        return fail(error, "%s: cannot be read: %s; check the path and its permissions",
                    module->path, g_strerror(errno));
    }
    good = rootfs_elf_read(fd, module->path, &module->elf, error);
    close(fd);
    if (good && (module->elf == NULL || module->elf->vermagic == NULL)) {
        return fail(error, "%s: is no kernel module; name a .ko file, or a directory with its "
                    "source", module->path);
    }
    return good;
}

static gboolean read_load(GKeyFile *file, Module *module, const char *ini, GError **error)
{
    g_autofree char *load = g_key_file_get_string(file, "module", "load", NULL);

    if (load == NULL || strcmp(load, "boot") == 0) {
        return TRUE;
    }
    module->boot = FALSE;
    return strcmp(load, "manual") == 0 ||
           fail(error, "%s: load = %s: it is boot or manual", ini, load);
}

static gboolean check_keys(GKeyFile *file, const char *ini, GError **error)
{
    static const char *const known[] = {"load", "parameters", "after", NULL};
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    g_auto(GStrv) keys = g_key_file_get_keys(file, "module", NULL, NULL);

    for (char **group = groups; *group != NULL; group++) {
        if (strcmp(*group, "module") != 0) {
            return fail(error, "%s: [%s] is unknown; it has one group, [module]", ini, *group);
        }
    }
    for (char **key = keys; key != NULL && *key != NULL; key++) {
        if (!g_strv_contains(known, *key)) {
            return fail(error, "%s: the key '%s' is unknown; take load, parameters or after", ini,
                        *key);
        }
    }
    return TRUE;
}

static gboolean read_ini(Module *module, const char *ini, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) cause = NULL;

    if (!g_key_file_load_from_file(file, ini, G_KEY_FILE_NONE, &cause)) {
        return fail(error, "%s: %s", ini, cause->message);
    }
    module->parameters = g_key_file_get_string(file, "module", "parameters", NULL);
    module->after = g_key_file_get_string_list(file, "module", "after", NULL, NULL);
    return check_keys(file, ini, error) && read_load(file, module, ini, error);
}

gboolean rootfs_modules_add(RootfsModules *modules, const char *path, const char *ini,
                            GError **error)
{
    g_autoptr(Module) module = g_new0(Module, 1);
    g_autofree char *name = rootfs_kernel_module_name(path);
    const Module *other = g_tree_lookup(modules->modules, name);

    module->path = g_strdup(path);
    module->boot = TRUE;
    if (other != NULL) {
        return fail(error, "%s: the module %s is added twice, also as %s; remove one of the two",
                    path, name, other->path);
    }
    if (!read_module(module, error) || (ini != NULL && !read_ini(module, ini, error))) {
        return FALSE;
    }
    g_tree_insert(modules->modules, g_steal_pointer(&name), g_steal_pointer(&module));
    return TRUE;
}

gboolean rootfs_modules_add_kernels(RootfsModules *modules, const char *name, GError **error)
{
    const char *path = rootfs_kernel_module(modules->kernel, name);
    g_autoptr(Module) module = NULL;

    if (path == NULL) {
        return fail(error, "the kernel has no module %s; check the name, or add the module itself",
                    name);
    }
    module = g_new0(Module, 1);
    module->path = g_strdup(path);
    module->kernels = TRUE;
    if (!read_module(module, error)) {
        return FALSE;
    }
    g_tree_insert(modules->modules, rootfs_kernel_module_name(path), g_steal_pointer(&module));
    return TRUE;
}

/* ---- Order ---- */

struct placing {
    RootfsModules *modules;
    GString *list; /* in the order of loading */
    GError **error;
};

static Module *find(struct placing *placing, const char *name)
{
    g_autofree char *plain = rootfs_kernel_module_name(name);

    if (g_tree_lookup(placing->modules->modules, plain) == NULL &&
        !rootfs_modules_add_kernels(placing->modules, plain, placing->error)) {
        return NULL;
    }
    return g_tree_lookup(placing->modules->modules, plain);
}

static gboolean visit(struct placing *placing, const char *name, const char *user);

static gboolean visit_all(struct placing *placing, char **names, const char *user)
{
    for (; names != NULL && *names != NULL; names++) {
        if (!visit(placing, *names, user)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void append_line(GString *list, const Module *module)
{
    g_autofree char *file = g_path_get_basename(module->path);
    const char *parameters = module->parameters != NULL ? module->parameters : "";

    g_string_append_printf(list, "%s%s%s\n", file, parameters[0] != '\0' ? " " : "", parameters);
}

/* Those that it needs, then the module itself: recursion is as deep as modules build on modules. */
static gboolean visit(struct placing *placing, const char *name, const char *user)
{
    Module *module = find(placing, name);

    if (module == NULL) {
        g_prefix_error(placing->error, "%s is needed by %s: ", name, user);
        return FALSE;
    }
    if (module->state == ON_THE_WAY) {
        return fail(placing->error, "the modules %s and %s wait for each other; remove one "
                    "`after`", name, user);
    }
    if (module->state == PLACED) {
        return TRUE;
    }
    module->state = ON_THE_WAY;
    if (!visit_all(placing, module->elf->depends, name) ||
        !visit_all(placing, module->after, name)) {
        return FALSE;
    }
    module->state = PLACED;
    append_line(placing->list, module);
    return TRUE;
}

/* ---- Into the image ---- */

static GPtrArray *names_of(RootfsModules *modules, gboolean boot)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (GTreeNode *node = g_tree_node_first(modules->modules); node != NULL;
         node = g_tree_node_next(node)) {
        if (((Module *)g_tree_node_value(node))->boot == boot) {
            g_ptr_array_add(names, g_strdup(g_tree_node_key(node)));
        }
    }
    g_ptr_array_add(names, NULL);
    return names;
}

/* The list of those with this `boot` and of all that they need; NULL: an error. */
static GString *order(RootfsModules *modules, gboolean boot, GError **error)
{
    g_autoptr(GPtrArray) names = names_of(modules, boot);
    g_autoptr(GString) list = g_string_new(NULL);
    struct placing placing = {modules, list, error};

    return visit_all(&placing, (char **)names->pdata, "the image") ? g_steal_pointer(&list) : NULL;
}

/* A kernel's own module that the base has already is the same. */
static gboolean add_files(RootfsModules *modules, RootfsImage *image, GError **error)
{
    static const RootfsOwner owner = {0644, 0, 0};

    for (GTreeNode *node = g_tree_node_first(modules->modules); node != NULL;
         node = g_tree_node_next(node)) {
        const Module *module = g_tree_node_value(node);
        g_autofree char *file = g_path_get_basename(module->path);
        g_autofree char *guest = g_strconcat("/lib/modules/", file, NULL);

        if (!(module->kernels && rootfs_image_has(image, guest)) &&
            !rootfs_image_add_file(image, guest, module->path, &owner, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The list with what the base's list has in front, no module twice. */
static GBytes *merge_lists(GBytes *base, const GString *boot)
{
    gsize len = 0;
    const char *bytes = base != NULL ? g_bytes_get_data(base, &len) : NULL;
    g_autoptr(GString) list = g_string_new_len(bytes, (gssize)len);
    g_autoptr(GHashTable) listed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) old = g_strsplit(list->str, "\n", -1);
    g_auto(GStrv) new = g_strsplit(boot->str, "\n", -1);

    for (char **line = old; *line != NULL; line++) {
        g_hash_table_add(listed, g_strndup(*line, strcspn(*line, " ")));
    }
    for (char **line = new; *line != NULL; line++) {
        g_autofree char *file = g_strndup(*line, strcspn(*line, " "));

        if (file[0] != '\0' && !g_hash_table_contains(listed, file)) {
            g_string_append_printf(list, "%s\n", *line);
        }
    }
    return g_string_free_to_bytes(g_steal_pointer(&list));
}

gboolean rootfs_modules_place(RootfsModules *modules, RootfsImage *image, GError **error)
{
    static const char path[] = "/etc/vmbench/modules";
    static const RootfsOwner owner = {0644, 0, 0};
    g_autoptr(GString) boot = order(modules, TRUE, error);
    g_autoptr(GString) rest = boot != NULL ? order(modules, FALSE, error) : NULL;
    g_autoptr(GBytes) base = NULL;
    g_autoptr(GBytes) list = NULL;

    if (rest == NULL || !add_files(modules, image, error)) {
        return FALSE;
    }
    base = rootfs_image_take_from_base(image, path);
    list = merge_lists(base, boot);
    return rootfs_image_add_bytes(image, path, list, &owner, error);
}
