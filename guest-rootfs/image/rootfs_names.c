/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_names.h"

#include "rootfs_entry.h"

#include <string.h>
#include <sys/stat.h>

/* init/init.c sets PATH. */
static const char *const directories[] = {"/bin", "/sbin", "/usr/bin", "/usr/sbin", NULL};

struct naming {
    GHashTable *programs; /* name -> its entry */
    GError *error;
};

/* GTraverseFunc: TRUE stops, and naming->error says why. */
static gboolean check_name(gpointer key, gpointer value, gpointer data)
{
    g_autofree char *directory = g_path_get_dirname(key);
    const char *name = strrchr(key, '/') + 1;
    const RootfsEntry *entry = value;
    struct naming *naming = data;
    const RootfsEntry *other;

    if (!g_strv_contains(directories, directory) || entry->type == S_IFDIR) {
        return FALSE;
    }
    other = g_hash_table_lookup(naming->programs, name);
    if (other != NULL && !(other->base && entry->base)) {
        g_set_error(&naming->error, ROOTFS_ERROR, ROOTFS_ERROR_DUPLICATE,
                    "guest path %s: the guest has %s, and finds programs by their names alone; "
                    "choose another name", entry->base ? other->path : entry->path,
                    entry->base ? entry->path : other->path);
        return TRUE;
    }
    g_hash_table_insert(naming->programs, (char *)name, value);
    return FALSE;
}

gboolean rootfs_names_check(GTree *entries, GError **error)
{
    g_autoptr(GHashTable) programs = g_hash_table_new(g_str_hash, g_str_equal);
    struct naming naming = {programs, NULL};

    g_tree_foreach(entries, check_name, &naming);
    if (naming.error != NULL) {
        g_propagate_error(error, naming.error);
        return FALSE;
    }
    return TRUE;
}
