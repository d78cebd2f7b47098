/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target for the reader of base archives: whatever it takes, each member has a path
 * that stays in the guest, or is the root directory, and as many bytes as it says.
 */
#include "rootfs_base.h"
#include "rootfs_path.h"

#include <assert.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static gboolean check_entry(gpointer key, gpointer value, gpointer data)
{
    const RootfsEntry *entry = value;

    (void)data;
    assert(key == entry->path && entry->base);
    assert(g_str_equal(entry->path, ROOTFS_ROOT) ? entry->type == S_IFDIR
                                                 : rootfs_path_problem(entry->path) == NULL);
    if (entry->type == S_IFREG) {
        assert(entry->data != NULL && g_bytes_get_size(entry->data) == (gsize)entry->size);
    }
    assert((entry->target != NULL) == (entry->type == S_IFLNK));
    return FALSE;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    g_autoptr(GTree) entries = rootfs_entries_new((GDestroyNotify)rootfs_entry_free);
    g_autoptr(GError) error = NULL;
    int fd = memfd_create("base", MFD_CLOEXEC);

    assert(fd >= 0 && write(fd, input, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    if (rootfs_base_read(entries, fd, "fuzz", TRUE, NULL, &error)) {
        assert(error == NULL);
        g_tree_foreach(entries, check_entry, NULL);
    } else {
        assert(error != NULL);
    }
    close(fd);
    return 0;
}
