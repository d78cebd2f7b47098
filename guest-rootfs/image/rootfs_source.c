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

static const char *elf_name(guint machine)
{
    switch (machine) {
    case EM_X86_64:
        return "x86_64";
    case EM_AARCH64:
        return "aarch64";
    default:
        return "another architecture";
    }
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
                path, elf_name(elf->machine), elf_name(want), elf_name(want));
    return FALSE;
}

static gboolean check_open_file(int fd, const char *path, gint64 *size, GError **error)
{
    struct stat info;

    if (fstat(fd, &info) < 0) {
        return fail_source(error, path, g_strerror(errno));
    }
    if (!S_ISREG(info.st_mode)) {
        return fail_source(error, path, "is no regular file; add directories, links and devices "
                           "through a manifest");
    }
    if (info.st_size > ROOTFS_FILE_MAX) {
        return fail_source(error, path, "has 4 GiB - 1 or more, and an image takes files below that; "
                           "split it");
    }
    *size = info.st_size;
    return TRUE;
}

gboolean rootfs_source_check(const char *path, RootfsMachine machine, gint64 *size,
                             RootfsElf **elf, GError **error)
{
    /* Non-blocking: a FIFO must be refused, not waited for. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_autoptr(RootfsElf) own = NULL;
    gboolean good;

    if (fd < 0) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE,
                    "%s: cannot be read: %s; check the path and its permissions", path,
                    g_strerror(errno));
        return FALSE;
    }
    good = check_open_file(fd, path, size, error) && rootfs_elf_read(fd, path, &own, error) &&
           check_elf(own, path, machine, error);
    close(fd);
    *elf = good ? g_steal_pointer(&own) : NULL;
    return good;
}
