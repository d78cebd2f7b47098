/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_growing.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

guint64 rootfs_growing_room(void)
{
    guint64 memory = (guint64)sysconf(_SC_PHYS_PAGES) * (guint64)sysconf(_SC_PAGESIZE);
    struct rlimit limit;

    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < memory) {
        memory = limit.rlim_cur;
    }
    return memory / 4 * 3;
}

/* Twice what there is, but no more than what can come. */
static gboolean grow(RootfsGrowing *growing, gsize len)
{
    gsize size = MAX(MIN(2 * growing->size, growing->claimed), growing->len + len);
    guint8 *bytes = g_try_realloc(growing->bytes, size);

    if (bytes == NULL) {
        return FALSE;
    }
    growing->bytes = bytes;
    growing->size = size;
    return TRUE;
}

gboolean rootfs_growing_append(RootfsGrowing *growing, const void *bytes, gsize len, guint64 *room)
{
    if (len == 0) {
        return TRUE;
    }
    if (len > *room || (growing->size - growing->len < len && !grow(growing, len))) {
        return FALSE;
    }
    memcpy(growing->bytes + growing->len, bytes, len);
    growing->len += len;
    *room -= len;
    return TRUE;
}

GBytes *rootfs_growing_finish(RootfsGrowing *growing)
{
    GBytes *bytes = g_bytes_new_take(g_realloc(growing->bytes, growing->len), growing->len);

    *growing = (RootfsGrowing){0};
    return bytes;
}

void rootfs_growing_clear(RootfsGrowing *growing)
{
    g_free(growing->bytes);
    *growing = (RootfsGrowing){0};
}
