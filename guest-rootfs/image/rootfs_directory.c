/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_directory.h"

#include "rootfs_path.h"
#include "rootfs_source.h"

#include <dirent.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is the same for all that lies in one tree. */
typedef struct {
    RootfsImage *image;
    gboolean stage; /* of a package, which may be built again any time; no templates */
} Tree;

static gboolean fail_read(GError **error, const char *host)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE,
                "%s: cannot be read: %s; check the path and its permissions", host,
                g_strerror(errno));
    return FALSE;
}

static gboolean add_link(RootfsImage *image, const char *guest, const char *host, GError **error)
{
    static const RootfsOwner owner = {0777, 0, 0};
    g_autofree char *target = g_file_read_link(host, NULL);

    if (target == NULL) {
        return fail_read(error, host);
    }
    return rootfs_image_add_symlink(image, guest, target, &owner, error);
}

static gboolean is_empty(const char *host)
{
    g_autoptr(GDir) directory = g_dir_open(host, 0, NULL);

    return directory != NULL && g_dir_read_name(directory) == NULL;
}

static gboolean add_names(const Tree *tree, const char *guest, const char *host, GError **error);

/* One that holds something comes with that, unless somebody else says more of it. */
static gboolean add_directory(const Tree *tree, const char *guest, const char *host,
                              GError **error)
{
    if (is_empty(host) && !rootfs_image_has_directory(tree->image, guest)) {
        return rootfs_image_imply_directory(tree->image, guest, error);
    }
    return add_names(tree, guest, host, error);
}

static gboolean add_held(RootfsImage *image, const char *guest, const char *host,
                         const RootfsOwner *owner, GError **error)
{
    int fd = rootfs_source_open(host, error);
    gboolean good = fd >= 0 && rootfs_image_add_open(image, guest, fd, host, owner, error);

    if (fd >= 0) {
        close(fd);
    }
    return good;
}

static gboolean add_file(const Tree *tree, const char *guest, const char *host, mode_t mode,
                         GError **error)
{
    const RootfsOwner owner = {(mode & S_IXUSR) != 0 ? 0755 : 0644, 0, 0};
    RootfsImage *image = tree->image;
    g_autofree char *name = NULL;

    if (tree->stage) {
        return add_held(image, guest, host, &owner, error);
    }
    if (!g_str_has_suffix(guest, ".in")) {
        return rootfs_image_add_file(image, guest, host, &owner, error);
    }
    name = g_strndup(guest, strlen(guest) - strlen(".in"));
    return rootfs_image_add_template(image, name, host, &owner, error);
}

static gboolean add_any(const Tree *tree, const char *guest, const char *host, GError **error)
{
    GStatBuf info;

    if (g_lstat(host, &info) < 0) {
        return fail_read(error, host);
    }
    switch (info.st_mode & S_IFMT) {
    case S_IFREG:
        return add_file(tree, guest, host, info.st_mode, error);
    case S_IFLNK:
        return add_link(tree->image, guest, host, error);
    case S_IFDIR:
        return add_directory(tree, guest, host, error);
    default:
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE,
                    "%s: is a device, pipe or socket: name a device in a manifest, and let the guest "
                    "make the others", host);
        return FALSE;
    }
}

/* ---- Names ---- */

static int is_name(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

GPtrArray *rootfs_directory_names(const char *host, GError **error)
{
    struct dirent **entries;
    int count = scandir(host, &entries, is_name, compare_names);
    GPtrArray *names;

    if (count < 0) {
        fail_read(error, host);
        g_prefix_error(error, "directory ");
        return NULL;
    }
    names = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < count; i++) {
        g_ptr_array_add(names, g_strdup(entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    return names;
}

/* ---- Trees ---- */

static gboolean add_names(const Tree *tree, const char *guest, const char *host, GError **error)
{
    g_autoptr(GPtrArray) names = rootfs_directory_names(host, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *below = strcmp(guest, "/") == 0 ? "" : guest;
        g_autofree char *inside = g_strconcat(below, "/", names->pdata[i], NULL);
        g_autofree char *outside = g_build_filename(host, names->pdata[i], NULL);

        if (!add_any(tree, inside, outside, error)) {
            return FALSE;
        }
    }
    return names != NULL;
}

/* "/opt/" as "/opt", and "//" as "/"; NULL: it is no path of the guest. The caller frees it. */
static char *directory_path(const char *guest, GError **error)
{
    g_autofree char *path = g_strdup(guest);
    const char *problem;

    for (gsize len = strlen(path); len > 1 && path[len - 1] == '/'; len--) {
        path[len - 1] = '\0';
    }
    problem = strcmp(path, "/") != 0 ? rootfs_path_problem(path) : NULL;
    if (problem != NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_PATH, "guest path '%s' %s", guest, problem);
        return NULL;
    }
    return g_steal_pointer(&path);
}

gboolean rootfs_image_add_tree(RootfsImage *image, const char *guest, const char *host,
                               GError **error)
{
    const Tree tree = {.image = image};
    g_autofree char *path = directory_path(guest, error);

    if (path == NULL) {
        return FALSE;
    }
    return strcmp(path, "/") == 0 ? add_names(&tree, path, host, error)
                                  : add_directory(&tree, path, host, error);
}

gboolean rootfs_image_add_stage(RootfsImage *image, const char *host, GError **error)
{
    return add_names(&(Tree){.image = image, .stage = TRUE}, "/", host, error);
}
