/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_directory.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static gboolean fail(GError **error, const char *host, const char *problem)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE, "%s: %s", host, problem);
    return FALSE;
}

static gboolean add_link(RootfsImage *image, const char *guest, const char *host, GError **error)
{
    static const RootfsOwner owner = {0777, 0, 0};
    g_autofree char *target = g_file_read_link(host, NULL);

    if (target == NULL) {
        return fail(error, host, "the link cannot be read");
    }
    return rootfs_image_add_symlink(image, guest, target, &owner, error);
}

static gboolean is_empty(const char *host)
{
    g_autoptr(GDir) directory = g_dir_open(host, 0, NULL);

    return directory != NULL && g_dir_read_name(directory) == NULL;
}

/* One that holds something comes with that, unless somebody else says more of it. */
static gboolean add_directory(RootfsImage *image, const char *guest, const char *host,
                              GError **error)
{
    static const RootfsOwner owner = {0755, 0, 0};

    if (is_empty(host) && !rootfs_image_has_directory(image, guest)) {
        return rootfs_image_add_directory(image, guest, &owner, error);
    }
    return rootfs_image_add_tree(image, guest, host, error);
}

static gboolean add_file(RootfsImage *image, const char *guest, const char *host, mode_t mode,
                         GError **error)
{
    const RootfsOwner owner = {(mode & S_IXUSR) != 0 ? 0755 : 0644, 0, 0};
    g_autofree char *name = NULL;

    if (!g_str_has_suffix(guest, ".in")) {
        return rootfs_image_add_file(image, guest, host, &owner, error);
    }
    name = g_strndup(guest, strlen(guest) - strlen(".in"));
    return rootfs_image_add_template(image, name, host, &owner, error);
}

static gboolean add_any(RootfsImage *image, const char *guest, const char *host, GError **error)
{
    GStatBuf info;

    if (g_lstat(host, &info) < 0) {
        return fail(error, host, g_strerror(errno));
    }
    switch (info.st_mode & S_IFMT) {
    case S_IFREG:
        return add_file(image, guest, host, info.st_mode, error);
    case S_IFLNK:
        return add_link(image, guest, host, error);
    case S_IFDIR:
        return add_directory(image, guest, host, error);
    default:
        return fail(error, host, "is a device, pipe or socket; name it in a manifest");
    }
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *rootfs_directory_names(const char *host, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) directory = g_dir_open(host, 0, &cause);
    GPtrArray *names;
    const char *name;

    if (directory == NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE, "%s", cause->message);
        return NULL;
    }
    names = g_ptr_array_new_with_free_func(g_free);
    while ((name = g_dir_read_name(directory)) != NULL) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

gboolean rootfs_image_add_tree(RootfsImage *image, const char *guest, const char *host,
                               GError **error)
{
    g_autoptr(GPtrArray) names = rootfs_directory_names(host, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *below = strcmp(guest, "/") == 0 ? "" : guest;
        g_autofree char *inside = g_strconcat(below, "/", names->pdata[i], NULL);
        g_autofree char *outside = g_build_filename(host, names->pdata[i], NULL);

        if (!add_any(image, inside, outside, error)) {
            return FALSE;
        }
    }
    return names != NULL;
}
