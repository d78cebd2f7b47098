/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_parents.h"

#include <string.h>
#include <sys/stat.h>

struct completion {
    GTree *entries;
    GPtrArray *made;
    GError *error;
};

static gboolean add_parent(struct completion *completion, const char *path, const char *child)
{
    static const RootfsOwner owner = {0755, 0, 0};
    RootfsEntry *parent = g_tree_lookup(completion->entries, path);

    if (parent == NULL) {
        parent = rootfs_entry_new(path, S_IFDIR, &owner);
        g_ptr_array_add(completion->made, parent);
        g_tree_insert(completion->entries, parent->path, parent);
    } else if (parent->type != S_IFDIR) {
        g_set_error(&completion->error, ROOTFS_ERROR, ROOTFS_ERROR_DUPLICATE,
                    "guest path %s lies below %s, which is no directory; move one of the two",
                    child, path);
        return FALSE;
    }
    return TRUE;
}

/* GTraverseFunc over what was there before: TRUE stops. */
static gboolean add_parents(gpointer key, gpointer value, gpointer data)
{
    struct completion *completion = data;
    const char *path = key;

    (void)value;
    for (const char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        g_autofree char *parent = g_strndup(path, (gsize)(at - path));

        if (!add_parent(completion, parent, path)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean copy_entry(gpointer key, gpointer value, gpointer data)
{
    g_tree_insert(data, key, value);
    return FALSE;
}

GTree *rootfs_parents_complete(GTree *entries, gboolean root, GPtrArray *made, GError **error)
{
    struct completion completion = {rootfs_entries_new(NULL), made, NULL};

    g_tree_foreach(entries, copy_entry, completion.entries);
    g_tree_foreach(entries, add_parents, &completion);
    if (root && completion.error == NULL) {
        add_parent(&completion, ROOTFS_ROOT, ROOTFS_ROOT);
    }
    if (completion.error != NULL) {
        g_propagate_error(error, completion.error);
        g_tree_unref(completion.entries);
        return NULL;
    }
    return completion.entries;
}
