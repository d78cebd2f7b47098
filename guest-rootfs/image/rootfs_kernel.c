/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_kernel.h"

#include "rootfs_elf.h"
#include "rootfs_image.h"

#include <fcntl.h>
#include <unistd.h>

struct RootfsKernel {
    GHashTable *modules; /* name -> path */
    char *vermagic;
};

void rootfs_kernel_free(RootfsKernel *kernel)
{
    g_hash_table_unref(kernel->modules);
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

/* Modules lie some six directories deep. */
static gboolean index_directory(RootfsKernel *kernel, const char *path, GError **error)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, error);
    const char *name;

    if (directory == NULL) {
        return FALSE;
    }
    while ((name = g_dir_read_name(directory)) != NULL) {
        g_autofree char *inside = g_build_filename(path, name, NULL);

        if (g_str_has_suffix(name, ".ko")) {
            char *module = rootfs_kernel_module_name(name);

            g_hash_table_replace(kernel->modules, module, g_steal_pointer(&inside));
        } else if (g_file_test(inside, G_FILE_TEST_IS_DIR) &&
                   !g_file_test(inside, G_FILE_TEST_IS_SYMLINK) &&
                   !index_directory(kernel, inside, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* All modules of a kernel say the same: ask any. */
static char *read_vermagic(RootfsKernel *kernel)
{
    g_autoptr(RootfsElf) elf = NULL;
    GHashTableIter iter;
    gpointer path;
    int fd;

    g_hash_table_iter_init(&iter, kernel->modules);
    if (!g_hash_table_iter_next(&iter, NULL, &path)) {
        return NULL;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        rootfs_elf_read(fd, path, &elf, NULL);
        close(fd);
    }
    return elf != NULL ? g_strdup(elf->vermagic) : NULL;
}

RootfsKernel *rootfs_kernel_new(const char *directory, GError **error)
{
    g_autoptr(RootfsKernel) kernel = g_new0(RootfsKernel, 1);
    g_autoptr(GError) cause = NULL;

    kernel->modules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (!index_directory(kernel, directory, &cause)) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_MODULE, "kernel modules: %s", cause->message);
        return NULL;
    }
    kernel->vermagic = read_vermagic(kernel);
    if (kernel->vermagic == NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_MODULE,
                    "kernel modules: %s holds no kernel module (.ko); name the directory of those "
                    "that belong to the kernel that boots", directory);
        return NULL;
    }
    return g_steal_pointer(&kernel);
}

const char *rootfs_kernel_vermagic(const RootfsKernel *kernel)
{
    return kernel->vermagic;
}

const char *rootfs_kernel_module(const RootfsKernel *kernel, const char *name)
{
    g_autofree char *plain = rootfs_kernel_module_name(name);

    return g_hash_table_lookup(kernel->modules, plain);
}
