/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_kernel.h"

#include "rootfs_directory.h"
#include "rootfs_elf.h"
#include "rootfs_image.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct RootfsKernel {
    char *directory;
    char *vermagic;
    GHashTable *modules; /* name -> path; NULL: nobody has asked for one yet */
};

void rootfs_kernel_free(RootfsKernel *kernel)
{
    g_clear_pointer(&kernel->modules, g_hash_table_unref);
    g_free(kernel->directory);
    g_free(kernel->vermagic);
    g_free(kernel);
}

char *rootfs_kernel_module_name(const char *path)
{
    char *name = g_path_get_basename(path);

    if (g_str_has_suffix(name, ".ko")) {
        name[strlen(name) - strlen(".ko")] = '\0';
    }
    return g_strdelimit(name, "-", '_');
}

G_GNUC_PRINTF(2, 3)
static gboolean fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_propagate_error(error, g_error_new_valist(ROOTFS_ERROR, ROOTFS_ERROR_MODULE, format, args));
    va_end(args);
    return FALSE;
}

/* ---- What modules say of their kernel ---- */

static char *read_vermagic(const char *path, GError **error)
{
    g_autoptr(RootfsElf) elf = NULL;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0) {
        rootfs_elf_read(fd, path, &elf, NULL);
        close(fd);
    }
    if (elf == NULL || elf->vermagic == NULL) {
        fail(error, "%s: is no kernel module, or damaged; remove it, or unpack the kernel's modules "
             "again", path);
        return NULL;
    }
    return g_strdup(elf->vermagic);
}

/* All modules of a kernel say the same. */
static gboolean check_vermagic(RootfsKernel *kernel, const char *path, GError **error)
{
    g_autofree char *vermagic = read_vermagic(path, error);

    if (vermagic == NULL) {
        return FALSE;
    }
    if (kernel->vermagic == NULL) {
        kernel->vermagic = g_steal_pointer(&vermagic);
    } else if (strcmp(vermagic, kernel->vermagic) != 0) {
        return fail(error, "kernel modules: %s holds those of two kernels, '%s' and (%s) '%s'; name the "
                    "directory of the one that boots", kernel->directory, kernel->vermagic, path,
                    vermagic);
    }
    return TRUE;
}

/* ---- Walks, some six directories deep and in the order of names ---- */

/* Called for each module; FALSE ends the walk. */
typedef gboolean Visit(gpointer data, const char *path, GError **error);

static gboolean walk(const char *path, Visit *visit, gpointer data, GError **error);

static gboolean walk_one(const char *path, Visit *visit, gpointer data, GError **error)
{
    if (g_str_has_suffix(path, ".ko")) {
        return visit(data, path, error);
    }
    return !g_file_test(path, G_FILE_TEST_IS_DIR) || g_file_test(path, G_FILE_TEST_IS_SYMLINK) ||
           walk(path, visit, data, error);
}

static gboolean walk(const char *path, Visit *visit, gpointer data, GError **error)
{
    g_autoptr(GPtrArray) names = rootfs_directory_names(path, error);
    gboolean good = names != NULL;

    for (guint i = 0; good && i < names->len; i++) {
        g_autofree char *inside = g_build_filename(path, names->pdata[i], NULL);

        good = walk_one(inside, visit, data, error);
    }
    return good;
}

/* Visit: the first one is enough. */
static gboolean stop(gpointer data, const char *path, GError **error)
{
    (void)error;
    *(char **)data = g_strdup(path);
    return FALSE;
}

/* One module of each directory tells of a second kernel beside the first. */
static gboolean look_into(RootfsKernel *kernel, const char *path, GError **error)
{
    g_autofree char *first = NULL;

    if (!walk_one(path, stop, &first, error) && first == NULL) {
        return FALSE;
    }
    return first == NULL || check_vermagic(kernel, first, error);
}

static gboolean look(RootfsKernel *kernel, GError **error)
{
    g_autoptr(GPtrArray) names = rootfs_directory_names(kernel->directory, error);
    gboolean good = names != NULL;

    for (guint i = 0; good && i < names->len; i++) {
        g_autofree char *path = g_build_filename(kernel->directory, names->pdata[i], NULL);

        good = look_into(kernel, path, error);
    }
    return good;
}

RootfsKernel *rootfs_kernel_new(const char *directory, GError **error)
{
    g_autoptr(RootfsKernel) kernel = g_new0(RootfsKernel, 1);

    kernel->directory = g_strdup(directory);
    if (!look(kernel, error)) {
        g_prefix_error(error, "kernel modules: ");
        return NULL;
    }
    if (kernel->vermagic == NULL) {
        fail(error, "kernel modules: %s holds no kernel module (.ko); name the directory of those that "
             "belong to the kernel that boots", directory);
        return NULL;
    }
    return g_steal_pointer(&kernel);
}

const char *rootfs_kernel_vermagic(const RootfsKernel *kernel)
{
    return kernel->vermagic;
}

/* Visit: a name that comes twice can be another kernel's. */
static gboolean index_module(gpointer data, const char *path, GError **error)
{
    RootfsKernel *kernel = data;
    g_autofree char *name = rootfs_kernel_module_name(path);
    const char *other = g_hash_table_lookup(kernel->modules, name);

    if (other != NULL &&
        (!check_vermagic(kernel, other, error) || !check_vermagic(kernel, path, error))) {
        return FALSE;
    }
    g_hash_table_replace(kernel->modules, g_steal_pointer(&name), g_strdup(path));
    return TRUE;
}

const char *rootfs_kernel_module(RootfsKernel *kernel, const char *name, GError **error)
{
    g_autofree char *plain = rootfs_kernel_module_name(name);
    const char *path;

    if (kernel->modules == NULL) {
        g_autoptr(GHashTable) modules =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        kernel->modules = modules;
        if (!walk(kernel->directory, index_module, kernel, error)) {
            kernel->modules = NULL;
            return NULL;
        }
        g_steal_pointer(&modules);
    }
    path = g_hash_table_lookup(kernel->modules, plain);
    if (path == NULL) {
        fail(error, "the kernel has no module %s; check the name, or add the module itself", name);
    }
    return path;
}
