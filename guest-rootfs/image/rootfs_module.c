/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_module.h"

#include "rootfs_elf.h"
#include "rootfs_module_parameters.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    char *path;
    int fd; /* what lies at the path may be built again meanwhile */
    RootfsElf *elf;
    enum { OWN, KERNELS, BASES } from; /* whose it is: the user's, or that is there already */
    gboolean boot;
    char *parameters;
    GStrv after;
    enum { UNSEEN, ON_THE_WAY, PLACED } state;
} Module;

struct RootfsModules {
    RootfsKernel *kernel;
    GTree *modules; /* name -> Module */
};

static void free_module(Module *module)
{
    if (module->fd >= 0) {
        close(module->fd);
    }
    g_free(module->path);
    g_clear_pointer(&module->elf, rootfs_elf_free);
    g_free(module->parameters);
    g_strfreev(module->after);
    g_free(module);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Module, free_module)

static Module *new_module(const char *path)
{
    Module *module = g_new0(Module, 1);

    module->path = g_strdup(path);
    module->fd = -1;
    return module;
}

static gint compare_names(gconstpointer a, gconstpointer b, gpointer unused)
{
    (void)unused;
    return strcmp(a, b);
}

RootfsModules *rootfs_modules_new(RootfsKernel *kernel)
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
    gboolean good;

    module->fd = open(module->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (module->fd < 0) {
        return fail(error, "%s: cannot be read: %s; check the path and its permissions",
                    module->path, g_strerror(errno));
    }
    good = rootfs_elf_read(module->fd, module->path, &module->elf, error);
    if (good && (module->elf == NULL || module->elf->vermagic == NULL)) {
        return fail(error, "%s: is no kernel module; name a .ko file, or a directory with its "
                    "source", module->path);
    }
    return good;
}

/* NULL: nothing is said of it. */
static void describe(Module *module, const RootfsModuleIni *ini)
{
    module->boot = ini == NULL || !ini->manual;
    if (ini != NULL) {
        module->parameters = g_strdup(ini->parameters);
        module->after = g_strdupv(ini->after);
    }
}

gboolean rootfs_modules_add(RootfsModules *modules, const char *path, const RootfsModuleIni *ini,
                            GError **error)
{
    g_autoptr(Module) module = new_module(path);
    g_autofree char *name = rootfs_kernel_module_name(path);
    const Module *other = g_tree_lookup(modules->modules, name);

    describe(module, ini);
    if (other != NULL) {
        return fail(error, "%s: the module %s is added twice, also as %s; remove one of the two",
                    path, name, other->path);
    }
    if (name[strcspn(name, " \t\n")] != '\0') {
        return fail(error, "%s: has a blank in its name, which ends it in the list of modules; rename "
                    "it", path);
    }
    if (!read_module(module, error) ||
        !rootfs_module_parameters_check(ini, module->elf, name, error)) {
        return FALSE;
    }
    g_tree_insert(modules->modules, g_steal_pointer(&name), g_steal_pointer(&module));
    return TRUE;
}

gboolean rootfs_modules_add_kernels(RootfsModules *modules, const char *name, GError **error)
{
    const char *path = rootfs_kernel_module(modules->kernel, name, error);
    g_autofree char *plain = path != NULL ? rootfs_kernel_module_name(path) : NULL;
    const Module *other = path != NULL ? g_tree_lookup(modules->modules, plain) : NULL;
    g_autoptr(Module) module = NULL;

    if (path == NULL) {
        return FALSE;
    }
    if (other != NULL) {
        return other->from != OWN ||
               fail(error, "the kernel's module %s: one of that name is added as %s; remove one of the "
                    "two", name, other->path);
    }
    module = new_module(path);
    module->from = KERNELS;
    if (!read_module(module, error)) {
        return FALSE;
    }
    g_tree_insert(modules->modules, g_steal_pointer(&plain), g_steal_pointer(&module));
    return TRUE;
}

/* ---- Order ---- */

struct placing {
    RootfsModules *modules;
    RootfsImage *image;
    GString *list; /* in the order of loading */
    GError **error;
};

/* What it depends on; one that is empty or damaged depends on nothing. */
static gboolean read_bases(Module *module, GBytes *bytes, GError **error)
{
    gsize len;
    const void *data = g_bytes_get_data(bytes, &len);

    module->fd = memfd_create("module", MFD_CLOEXEC);
    if (module->fd < 0 || write(module->fd, data, len) != (gssize)len) {
        return fail(error, "%s of the base: cannot be read: %s; free memory", module->path,
                    g_strerror(errno));
    }
    return rootfs_elf_read(module->fd, module->path, &module->elf, error);
}

static gboolean add_bases(struct placing *placing, const char *file, GBytes *bytes)
{
    g_autoptr(Module) module = new_module(file);

    module->from = BASES;
    if (!read_bases(module, bytes, placing->error)) {
        return FALSE;
    }
    g_tree_insert(placing->modules->modules, rootfs_kernel_module_name(file),
                  g_steal_pointer(&module));
    return TRUE;
}

static gboolean add_needed(struct placing *placing, const char *name)
{
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GError) problem = NULL;
    g_autofree char *file = NULL;

    if (rootfs_modules_add_kernels(placing->modules, name, &problem)) {
        return TRUE;
    }
    file = rootfs_image_bases_module(placing->image, name, &bytes);
    if (file != NULL) {
        return add_bases(placing, file, bytes);
    }
    g_propagate_error(placing->error, g_steal_pointer(&problem));
    return FALSE;
}

static Module *find(struct placing *placing, const char *name)
{
    g_autofree char *plain = rootfs_kernel_module_name(name);

    if (g_tree_lookup(placing->modules->modules, plain) == NULL &&
        !add_needed(placing, plain)) {
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
        return fail(placing->error, "%s: the modules %s and %s wait for each other; remove one `after` in a "
                    "module.ini", module->path, name, user);
    }
    if (module->state == PLACED) {
        return TRUE;
    }
    module->state = ON_THE_WAY;
    if (!visit_all(placing, module->elf != NULL ? module->elf->depends : NULL, name) ||
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
static GString *order(RootfsModules *modules, RootfsImage *image, gboolean boot, GError **error)
{
    g_autoptr(GPtrArray) names = names_of(modules, boot);
    g_autoptr(GString) list = g_string_new(NULL);
    struct placing placing = {modules, image, list, error};

    return visit_all(&placing, (char **)names->pdata, "the image") ? g_steal_pointer(&list) : NULL;
}

/* What the base has already is the same, if it is a kernel's own module or the base's. */
static gboolean add_files(RootfsModules *modules, RootfsImage *image, GError **error)
{
    static const RootfsOwner owner = {0644, 0, 0};

    for (GTreeNode *node = g_tree_node_first(modules->modules); node != NULL;
         node = g_tree_node_next(node)) {
        const Module *module = g_tree_node_value(node);
        g_autofree char *file = g_path_get_basename(module->path);
        g_autofree char *guest = g_strconcat("/lib/modules/", file, NULL);

        if (!(module->from != OWN && rootfs_image_has(image, guest)) &&
            !rootfs_image_add_open(image, guest, module->fd, module->path, &owner, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- The list of a base, and ours ---- */

static char *file_of(const char *line)
{
    return g_strndup(line, strcspn(line, " "));
}

struct merging {
    RootfsModules *modules;
    GHashTable *ours;  /* file -> line */
    GHashTable *bases; /* the same */
    GHashTable *done;  /* files */
    GString *list;
};

/* file -> line; the lines must live as long. */
static GHashTable *lines_by_file(char **lines)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (; *lines != NULL; lines++) {
        if ((*lines)[0] != '\0') {
            g_hash_table_replace(table, file_of(*lines), *lines);
        }
    }
    return table;
}

/* The user's own, not the kernel's. */
static const Module *own_module(const struct merging *merging, const char *file)
{
    g_autofree char *name = rootfs_kernel_module_name(file);
    const Module *module = g_tree_lookup(merging->modules->modules, name);

    return module != NULL && module->from == OWN ? module : NULL;
}

/* A module once. What the user says of his own counts, and else what the base says. */
static void put(struct merging *merging, const char *line)
{
    g_autofree char *file = file_of(line);
    const char *bases = g_hash_table_lookup(merging->bases, file);
    const char *ours = g_hash_table_lookup(merging->ours, file);
    gboolean own = own_module(merging, file) != NULL;

    if (file[0] == '\0' || (own && ours == NULL) || /* the latter: not at boot any more */
        !g_hash_table_add(merging->done, g_strdup(file))) {
        return;
    }
    g_string_append_printf(merging->list, "%s\n", bases != NULL && !own ? bases : ours);
}

/* The base's order; one of ours that has a place there comes behind all that it needs. */
static GBytes *merge_lists(RootfsModules *modules, const char *base, const char *boot)
{
    g_auto(GStrv) old = g_strsplit(base, "\n", -1);
    g_auto(GStrv) new = g_strsplit(boot, "\n", -1);
    g_autoptr(GHashTable) bases = lines_by_file(old);
    g_autoptr(GHashTable) ours = lines_by_file(new);
    g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct merging merging = {modules, ours, bases, done, g_string_new(NULL)};

    for (char **line = old; *line != NULL; line++) {
        g_autofree char *file = file_of(*line);
        const char *last = g_hash_table_lookup(ours, file);

        for (char **need = new; last != NULL && *need != last; need++) {
            put(&merging, *need);
        }
        put(&merging, *line);
    }
    for (char **line = new; *line != NULL; line++) {
        put(&merging, *line);
    }
    return g_string_free_to_bytes(merging.list);
}

static char *text_of(GBytes *bytes)
{
    gsize len = 0;
    const char *text = bytes != NULL ? g_bytes_get_data(bytes, &len) : NULL;

    return len > 0 ? g_strndup(text, len) : g_strdup("");
}

gboolean rootfs_modules_place(RootfsModules *modules, RootfsImage *image, GError **error)
{
    static const char path[] = "/etc/vmbench/modules";
    static const RootfsOwner owner = {0644, 0, 0};
    g_autoptr(GString) boot = order(modules, image, TRUE, error);
    g_autoptr(GString) rest = boot != NULL ? order(modules, image, FALSE, error) : NULL;
    g_autoptr(GBytes) base = NULL;
    g_autoptr(GBytes) list = NULL;
    g_autofree char *text = NULL;

    if (rest == NULL || !add_files(modules, image, error)) {
        return FALSE;
    }
    base = rootfs_image_take_from_base(image, path);
    text = text_of(base);
    list = merge_lists(modules, text, boot->str);
    return rootfs_image_add_bytes(image, path, list, &owner, error);
}
