/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_names.h"

#include "rootfs_path.h"

#include <string.h>
#include <sys/stat.h>

/* init/init.c sets PATH. */
static const char *const directories[] = {"/bin", "/sbin", "/usr/bin", "/usr/sbin", NULL};

struct naming {
    GTree *entries;
    gboolean replace;
    GHashTable *added;    /* name -> the entry of a program that was added */
    GPtrArray *links;     /* to be put into the place of what the base has */
    GError *error;
};

/* Two names of one file. */
static gboolean are_one(const struct naming *naming, const RootfsEntry *a, const RootfsEntry *b)
{
    g_autofree char *first = rootfs_path_resolve(naming->entries, a->path, TRUE);
    g_autofree char *second = rootfs_path_resolve(naming->entries, b->path, TRUE);

    return g_strcmp0(first, second) == 0 || (a->link != 0 && a->link == b->link);
}

/* The base's path leads to the added program, in a second archive too, which cannot take it away. */
static void replace(struct naming *naming, const RootfsEntry *added, const RootfsEntry *base)
{
    static const RootfsOwner owner = {0777, 0, 0};
    RootfsEntry *link = rootfs_entry_new(base->path, S_IFLNK, &owner);

    link->target = g_strdup(added->path);
    g_ptr_array_add(naming->links, link);
}

static gboolean refuse(struct naming *naming, const RootfsEntry *added, const RootfsEntry *other)
{
    g_set_error(&naming->error, ROOTFS_ERROR, ROOTFS_ERROR_DUPLICATE,
                "guest path %s: the guest has %s, and finds programs by their names alone; "
                "choose another name%s", added->path, other->path,
                other->base ? ", or give --replace" : "");
    return TRUE;
}

/* The name of a program that PATH finds, or NULL. */
static const char *program_name(const RootfsEntry *entry)
{
    g_autofree char *directory = g_path_get_dirname(entry->path);

    return g_strv_contains(directories, directory) && entry->type != S_IFDIR
           ? strrchr(entry->path, '/') + 1 : NULL;
}

/* GTraverseFuncs: TRUE stops, and naming->error says why. */
static gboolean note_added(gpointer key, gpointer value, gpointer data)
{
    const RootfsEntry *entry = value;
    const char *name = entry->base ? NULL : program_name(entry);
    struct naming *naming = data;
    const RootfsEntry *other = name != NULL ? g_hash_table_lookup(naming->added, name) : NULL;

    (void)key;
    if (other != NULL && !are_one(naming, entry, other)) {
        return refuse(naming, entry, other);
    }
    if (name != NULL) {
        g_hash_table_insert(naming->added, (char *)name, value);
    }
    return FALSE;
}

static gboolean check_base(gpointer key, gpointer value, gpointer data)
{
    const RootfsEntry *entry = value;
    const char *name = entry->base ? program_name(entry) : NULL;
    struct naming *naming = data;
    const RootfsEntry *added = name != NULL ? g_hash_table_lookup(naming->added, name) : NULL;

    (void)key;
    if (added == NULL || are_one(naming, added, entry)) {
        return FALSE;
    }
    if (!naming->replace) {
        return refuse(naming, added, entry);
    }
    replace(naming, added, entry);
    return FALSE;
}

gboolean rootfs_names_check(GTree *entries, gboolean replace, GError **error)
{
    g_autoptr(GHashTable) added = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) links = g_ptr_array_new();
    struct naming naming = {entries, replace, added, links, NULL};

    g_tree_foreach(entries, note_added, &naming);
    if (naming.error == NULL) {
        g_tree_foreach(entries, check_base, &naming);
    }
    for (guint i = 0; i < links->len; i++) {
        RootfsEntry *link = links->pdata[i];

        g_tree_replace(entries, link->path, link);
    }
    if (naming.error != NULL) {
        g_propagate_error(error, naming.error);
        return FALSE;
    }
    return TRUE;
}
