/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_output.h"

#include "rootfs_image.h"
#include "rootfs_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { LINKS_MAX = 40, NAMES_MAX = 100, MODE = 0666, BLOCK = 512 /* of st_blocks */, MIB = 1 << 20 };

static gboolean fail(GError **error, const char *path, const char *problem, const char *remedy)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_OUTPUT, "cannot write %s: %s; %s", path, problem,
                remedy);
    return FALSE;
}

gboolean rootfs_output_is_full(int code)
{
    return code == ENOSPC || code == EDQUOT;
}

/* Bytes that the file could have. */
static gint64 room_for(int fd)
{
    struct statvfs disk;
    struct stat info;

    if (fstatvfs(fd, &disk) < 0 || fstat(fd, &info) < 0) {
        return 0;
    }
    return (gint64)(disk.f_bavail * disk.f_frsize) + info.st_blocks * BLOCK;
}

gboolean rootfs_output_fail_full(int code, const RootfsUnwritten *file, GError **error)
{
    g_autofree char *needed = g_strdup_printf("%s%.1f MiB are needed", file->packed ? "up to " : "",
                                              (double)file->needed / MIB);
    g_autofree char *problem = NULL;

    if (code == EDQUOT) { /* of which the disk's room says nothing */
        problem = g_strdup_printf("the quota is used up: %s", needed);
        return fail(error, file->path, problem, "remove files of yours there, or write it to another disk");
    }
    problem = g_strdup_printf("the disk is full: %s, and there is room for %.1f MiB", needed,
                              (double)room_for(file->fd) / MIB);
    return fail(error, file->path, problem, "make room, or write it to another disk");
}

static gboolean fail_directory(GError **error, const RootfsOutput *output)
{
    return fail(error, output->path, g_strerror(errno),
                "name a file in a directory that is there and can be written to");
}

/* Where links lead to, whether there is anything or not. NULL: through too many of them. */
static char *follow_links(const char *path)
{
    g_autofree char *at = g_strdup(path);

    for (guint links = 0; links < LINKS_MAX; links++) {
        g_autofree char *directory = g_path_get_dirname(at);
        char *target = g_file_read_link(at, NULL);

        if (target == NULL) {
            return g_steal_pointer(&at);
        }
        g_free(at);
        at = target[0] == '/' ? g_strdup(target) : g_build_filename(directory, target, NULL);
        g_free(target);
    }
    return NULL;
}

static gboolean check_place(const RootfsOutput *output, GError **error)
{
    struct stat info;

    if (output->target == NULL) {
        return fail(error, output->path, g_strerror(ELOOP), "name a file");
    }
    if (stat(output->target, &info) == 0 && !S_ISREG(info.st_mode)) {
        return fail(error, output->path, "is there, and no regular file", "name a file");
    }
    return TRUE;
}

/* ---- Its name until it is whole ---- */

static char *any_name(const RootfsOutput *output)
{
    return g_strdup_printf("%s.%06x", output->target, g_random_int() & 0xffffff);
}

static gboolean open_nameless(RootfsOutput *output)
{
    g_autofree char *directory = g_path_get_dirname(output->target);

    output->fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, MODE);
    return output->fd >= 0;
}

static gboolean open_named(RootfsOutput *output)
{
    for (guint i = 0; i < NAMES_MAX; i++) {
        g_autofree char *name = any_name(output);

        output->fd = g_open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
        if (output->fd >= 0) {
            output->temporary = g_steal_pointer(&name);
            return TRUE;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return FALSE;
}

/* One that has none gets one: rename() alone takes the place of a file that is there. */
static gboolean give_name(RootfsOutput *output)
{
    g_autofree char *own = g_strdup_printf("/proc/self/fd/%d", output->fd);

    for (guint i = 0; output->temporary == NULL && i < NAMES_MAX; i++) {
        g_autofree char *name = any_name(output);

        if (linkat(AT_FDCWD, own, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
            output->temporary = g_steal_pointer(&name);
        } else if (errno != EEXIST) {
            break;
        }
    }
    return output->temporary != NULL;
}

RootfsOutput *rootfs_output_open(const char *path, GError **error)
{
    RootfsOutput *output = g_new0(RootfsOutput, 1);

    output->fd = -1;
    output->path = g_strdup(path);
    output->target = follow_links(path);
    rootfs_signals_hold(&output->signals);
    if (!check_place(output, error) ||
        (!open_nameless(output) && !open_named(output) && !fail_directory(error, output))) {
        rootfs_output_close(output);
        return NULL;
    }
    return output;
}

gboolean rootfs_output_commit(RootfsOutput *output, GError **error)
{
    if (!give_name(output)) {
        return fail_directory(error, output);
    }
    if (close(g_steal_fd(&output->fd)) < 0) {
        return fail(error, output->path, g_strerror(errno), "make room, and build it again");
    }
    if (g_rename(output->temporary, output->target) < 0) {
        return fail_directory(error, output);
    }
    g_clear_pointer(&output->temporary, g_free);
    return TRUE;
}

void rootfs_output_close(RootfsOutput *output)
{
    sigset_t signals = output->signals;

    if (output->fd >= 0) {
        close(output->fd);
    }
    if (output->temporary != NULL) {
        g_unlink(output->temporary);
    }
    g_free(output->temporary);
    g_free(output->target);
    g_free(output->path);
    g_free(output);
    rootfs_signals_restore(&signals);
}
