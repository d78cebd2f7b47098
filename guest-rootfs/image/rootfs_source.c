/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_source.h"

#include "rootfs_entry.h"

#include <elf.h>
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

static gboolean check_elf(const RootfsElf *elf, const char *path, RootfsMachine machine,
                          GError **error)
{
    guint want = machine == ROOTFS_MACHINE_X86 ? EM_X86_64 : EM_AARCH64;

    if (elf == NULL || elf->machine == want) {
        return TRUE;
    }
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_MACHINE,
                "%s: is a program for %s, the guest runs %s; build it with %s-linux-gnu-gcc",
                path, rootfs_elf_machine_name(elf->machine), rootfs_elf_machine_name(want),
                rootfs_elf_machine_name(want));
    return FALSE;
}

static gboolean check_open_file(int fd, const char *path, gint64 *size, GError **error)
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
    *size = info.st_size;
    return TRUE;
}

gboolean rootfs_source_check_open(int fd, const char *path, RootfsMachine machine, gint64 *size,
                                  RootfsElf **elf, GError **error)
{
    g_autoptr(RootfsElf) own = NULL;

    if (!check_open_file(fd, path, size, error) || !rootfs_elf_read(fd, path, &own, error) ||
        !check_elf(own, path, machine, error)) {
        return FALSE;
    }
    *elf = g_steal_pointer(&own);
    return TRUE;
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

gboolean rootfs_source_check(const char *path, RootfsMachine machine, gint64 *size,
                             RootfsElf **elf, GError **error)
{
    int fd = rootfs_source_open(path, error);
    gboolean good = fd >= 0 && rootfs_source_check_open(fd, path, machine, size, elf, error);

    if (fd >= 0) {
        close(fd);
    }
    return good;
}

GBytes *rootfs_source_read_open(int fd, const char *path, GError **error)
{
    g_autofree guint8 *bytes = NULL;
    gint64 size, have = 0;
    ssize_t n = 1;

    if (!check_open_file(fd, path, &size, error)) {
        return NULL;
    }
    bytes = g_try_malloc((gsize)size + 1); /* not NULL for an empty file */
    if (bytes == NULL) {
        fail_source(error, path, "is larger than the memory there is; make it smaller");
        return NULL;
    }
    while (have < size && (n = pread(fd, bytes + have, (gsize)(size - have), have)) > 0) {
        have += n;
    }
    if (n < 0) {
        fail_read(error, path);
        return NULL;
    }
    if (have < size) {
        fail_source(error, path, "became shorter while it was read; build it again");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&bytes), (gsize)size);
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
