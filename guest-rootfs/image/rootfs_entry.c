/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_entry.h"

#include <string.h>

RootfsEntry *rootfs_entry_new(const char *path, mode_t type, const RootfsOwner *owner)
{
    RootfsEntry *entry = g_new0(RootfsEntry, 1);

    entry->path = g_strdup(path);
    entry->type = type;
    entry->owner = *owner;
    return entry;
}

void rootfs_entry_free(RootfsEntry *entry)
{
    g_free(entry->path);
    g_free(entry->source);
    g_clear_pointer(&entry->data, g_bytes_unref);
    g_clear_pointer(&entry->elf, rootfs_elf_free);
    g_free(entry->interpreter);
    g_free(entry->target);
    g_free(entry);
}

static gint compare_paths(gconstpointer a, gconstpointer b, gpointer unused)
{
    (void)unused;
    return strcmp(a, b);
}

GTree *rootfs_entries_new(GDestroyNotify destroy)
{
    return g_tree_new_full(compare_paths, NULL, NULL, destroy);
}
