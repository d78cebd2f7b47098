/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel modules that an image's base brings. */
#include "rootfs_image_inside.h"

#include "rootfs_entry.h"
#include "rootfs_kernel.h"
#include "rootfs_path.h"

#include <string.h>
#include <sys/stat.h>

static gboolean is_module(const RootfsEntry *entry, const char *file, const char *plain)
{
    g_autofree char *name = rootfs_kernel_module_name(file);

    return entry->base && entry->type == S_IFREG && strchr(file, '/') == NULL &&
           g_str_has_suffix(file, ".ko") && g_str_equal(name, plain);
}

char *rootfs_image_bases_module(RootfsImage *image, const char *name, GBytes **bytes)
{
    g_autofree char *plain = rootfs_kernel_module_name(name);
    g_autofree char *directory = rootfs_path_resolve(image->entries, "/lib/modules", TRUE);
    g_autofree char *start = g_strconcat(directory != NULL ? directory : "", "/", NULL);

    for (GTreeNode *node = g_tree_lower_bound(image->entries, start);
         node != NULL && g_str_has_prefix(g_tree_node_key(node), start);
         node = g_tree_node_next(node)) {
        const RootfsEntry *entry = g_tree_node_value(node);
        const char *file = entry->path + strlen(start);

        if (is_module(entry, file, plain)) {
            *bytes = g_bytes_ref(entry->data);
            return g_strdup(file);
        }
    }
    return NULL;
}
