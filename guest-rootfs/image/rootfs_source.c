/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_source.h"

#include "rootfs_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean fail_source(GError **error, const char *path, const char *problem)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE, "%s: %s", path, problem);
    return FALSE;
}

static gboolean fail_read(GError **error, const char *path)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE,
                "%s: cannot be read: %s; check the path and its permissions", path,
                g_strerror(errno));
    return FALSE;
}

static void set_stamp(RootfsStamp *stamp, const struct stat *info)
{
    *stamp = (RootfsStamp){info->st_dev, info->st_ino, info->st_size, info->st_mtim.tv_sec,
                           info->st_mtim.tv_nsec};
}

gboolean rootfs_source_check(int fd, const char *path, RootfsStamp *stamp, GError **error)
{
    struct stat info;

    if (fstat(fd, &info) < 0) {
        return fail_read(error, path);
    }
    if (S_ISDIR(info.st_mode)) {
        return fail_source(error, path, "is a directory; add what lies in it with --overlay DIR:GUEST, or "
                           "an empty one with a line of a manifest");
    }
    if (!S_ISREG(info.st_mode)) {
        return fail_source(error, path, "is no regular file; name one (a manifest has "
                           "links and devices)");
    }
    if (info.st_size > ROOTFS_FILE_MAX) {
        return fail_source(error, path, "has 4 GiB - 1 or more, and an image takes files below that; "
                           "split it");
    }
    set_stamp(stamp, &info);
    return TRUE;
}

gboolean rootfs_source_check_same(int fd, const char *path, const RootfsStamp *stamp, GError **error)
{
    struct stat info;
    RootfsStamp now;

    if (fstat(fd, &info) < 0) {
        return fail_read(error, path);
    }
    set_stamp(&now, &info);
    return (now.device == stamp->device && now.inode == stamp->inode && now.size == stamp->size &&
            now.seconds == stamp->seconds && now.nanoseconds == stamp->nanoseconds) ||
           fail_source(error, path, "changed while the image was made; build it again");
}

int rootfs_source_open(const char *path, GError **error)
{
    /* Non-blocking: a FIFO must be refused, not waited for. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        fail_read(error, path);
    }
    return fd;
}

static gboolean read_all(int fd, const char *path, guint8 *bytes, gint64 size, GError **error)
{
    gint64 have = 0;
    ssize_t n = 1;

    while (have < size && (n = pread(fd, bytes + have, (gsize)(size - have), have)) > 0) {
        have += n;
    }
    if (n < 0) {
        return fail_read(error, path);
    }
    return have == size || fail_source(error, path, "has fewer bytes than its size says; add a copy of it");
}

GBytes *rootfs_source_read_open(int fd, const char *path, GError **error)
{
    g_autofree guint8 *bytes = NULL;
    RootfsStamp stamp;

    if (!rootfs_source_check(fd, path, &stamp, error)) {
        return NULL;
    }
    bytes = g_try_malloc((gsize)stamp.size + 1); /* not NULL for an empty file */
    if (bytes == NULL) {
        fail_source(error, path, "is larger than the memory there is; make it smaller");
        return NULL;
    }
    if (!read_all(fd, path, bytes, stamp.size, error) ||
        !rootfs_source_check_same(fd, path, &stamp, error)) {
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&bytes), (gsize)stamp.size);
}

GBytes *rootfs_source_read(const char *path, GError **error)
{
    int fd = rootfs_source_open(path, error);
    GBytes *bytes = fd >= 0 ? rootfs_source_read_open(fd, path, error) : NULL;

    if (fd >= 0) {
        close(fd);
    }
    return bytes;
}
