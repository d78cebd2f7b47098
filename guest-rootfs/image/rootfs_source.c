/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Offsets and values of the ELF header; bytes, so that no host layout matters. */
enum {
    ELF_DATA = 5,
    ELF_DATA_LITTLE = 1,
    ELF_MACHINE = 18,
    ELF_HEAD = 20,
    EM_X86_64_NUMBER = 62,
    EM_AARCH64_NUMBER = 183,
};

static gboolean fail_source(GError **error, const char *path, const char *problem)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE, "%s: %s", path, problem);
    return FALSE;
}

static const char *elf_name(int machine)
{
    switch (machine) {
    case EM_X86_64_NUMBER:
        return "x86_64";
    case EM_AARCH64_NUMBER:
        return "aarch64";
    default:
        return "another architecture";
    }
}

static gboolean check_elf(const guint8 *head, gsize len, const char *path, RootfsMachine machine,
                          GError **error)
{
    int want = machine == ROOTFS_MACHINE_X86 ? EM_X86_64_NUMBER : EM_AARCH64_NUMBER;
    int got = -1;

    if (len < 4 || memcmp(head, "\177ELF", 4) != 0) {
        return TRUE;
    }
    if (len == ELF_HEAD && head[ELF_DATA] == ELF_DATA_LITTLE) {
        got = head[ELF_MACHINE] | head[ELF_MACHINE + 1] << 8;
    }
    if (got == want) {
        return TRUE;
    }
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_MACHINE,
                "%s: is a program for %s, the guest runs %s; build it with %s-linux-gnu-gcc",
                path, elf_name(got), elf_name(want), elf_name(want));
    return FALSE;
}

static gboolean check_open_file(int fd, const char *path, RootfsMachine machine, gint64 *size,
                                GError **error)
{
    guint8 head[ELF_HEAD];
    struct stat info;
    ssize_t len;

    if (fstat(fd, &info) < 0) {
        return fail_source(error, path, g_strerror(errno));
    }
    if (!S_ISREG(info.st_mode)) {
        return fail_source(error, path, "is no regular file; add directories, links and devices "
                           "through a manifest");
    }
    if (info.st_size > G_MAXUINT32) {
        return fail_source(error, path, "is 4 GiB or larger, which a newc archive cannot hold");
    }
    len = read(fd, head, sizeof(head));
    if (len < 0) {
        return fail_source(error, path, g_strerror(errno));
    }
    *size = info.st_size;
    return check_elf(head, (gsize)len, path, machine, error);
}

gboolean rootfs_source_check(const char *path, RootfsMachine machine, gint64 *size,
                             GError **error)
{
    /* Non-blocking: a FIFO must be refused, not waited for. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    gboolean good;

    if (fd < 0) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE,
                    "%s: cannot be read: %s; check the path and its permissions", path,
                    g_strerror(errno));
        return FALSE;
    }
    good = check_open_file(fd, path, machine, size, error);
    close(fd);
    return good;
}
