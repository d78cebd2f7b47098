/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "small_disk.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static gboolean write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gboolean written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0) {
        close(fd);
    }
    return written;
}

/* Who is not root becomes root in a user namespace. */
static gboolean enter_namespaces(void)
{
    g_autofree char *uids = g_strdup_printf("0 %u 1", geteuid());
    g_autofree char *gids = g_strdup_printf("0 %u 1", getegid());

    if (unshare(CLONE_NEWNS) == 0) {
        return TRUE;
    }
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/setgroups", "deny") &&
           write_text("/proc/self/uid_map", uids) && write_text("/proc/self/gid_map", gids);
}

void small_disk_begin(void)
{
    ck_assert_msg(enter_namespaces() && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0,
                  "no mount namespace: %s", strerror(errno));
}

void small_disk_mount(const char *path, guint kib)
{
    g_autofree char *options = g_strdup_printf("size=%uk", kib);

    ck_assert_int_eq(g_mkdir_with_parents(path, 0755), 0);
    ck_assert_msg(mount("small-disk", path, "tmpfs", 0, options) == 0, "%s: %s", path,
                  strerror(errno));
}

void small_disk_fill(const char *path)
{
    static const char zeros[4096];
    g_autofree char *file = g_build_filename(path, "full", NULL);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    while (write(fd, zeros, sizeof(zeros)) > 0) {
        continue;
    }
    ck_assert_int_eq(errno, ENOSPC);
    close(fd);
}

void small_disk_unmount(const char *path)
{
    ck_assert_msg(umount2(path, MNT_DETACH) == 0, "%s: %s", path, strerror(errno));
}
