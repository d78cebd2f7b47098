/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "join.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "rootfs_output.h"

enum { ALIGN = 4 }; /* the kernel looks for the next archive at multiples of this */

typedef struct {
    const char *path;
    int fd;
} File;

static gboolean fail(const File *file, GError **error)
{
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                "cannot join the guest's image and what is added: %s: %s; check the path, its permissions "
                "and the disk", file->path, g_strerror(errno));
    return FALSE;
}

static gboolean open_file(File *file, int flags, GError **error)
{
    file->fd = open(file->path, flags | O_CLOEXEC, 0644);
    return file->fd >= 0 || fail(file, error);
}

static gint64 size_of(const File *file)
{
    struct stat info;

    return fstat(file->fd, &info) == 0 ? info.st_size : 0;
}

static gboolean append(const File *from, const File *to, gint64 needed, GError **error)
{
    ssize_t n;

    while ((n = sendfile(to->fd, from->fd, NULL, 1 << 20)) > 0) {
        continue;
    }
    if (n < 0 && rootfs_output_is_full(errno)) {
        return rootfs_output_fail_full(errno, &(RootfsUnwritten){to->path, to->fd, needed, FALSE}, error);
    }
    return n == 0 || fail(from, error);
}

static gboolean append_both(const File *first, const File *second, const File *to, GError **error)
{
    gint64 needed = size_of(first) + size_of(second);
    off_t end;

    if (!append(first, to, needed, error)) {
        return FALSE;
    }
    end = lseek(to->fd, 0, SEEK_CUR);
    lseek(to->fd, (ALIGN - end % ALIGN) % ALIGN, SEEK_CUR); /* a hole: zeros */
    return append(second, to, needed, error);
}

gboolean vmb_join(const char *first, const char *second, const char *output, GError **error)
{
    File one = {first, -1}, two = {second, -1}, joined = {output, -1};
    gboolean good = open_file(&one, O_RDONLY, error) && open_file(&two, O_RDONLY, error) &&
                    open_file(&joined, O_WRONLY | O_CREAT | O_TRUNC, error) &&
                    append_both(&one, &two, &joined, error);

    if (joined.fd >= 0 && close(joined.fd) < 0 && good) {
        good = fail(&joined, error);
    }
    if (joined.fd >= 0 && !good) {
        unlink(output);
    }
    if (two.fd >= 0) {
        close(two.fd);
    }
    if (one.fd >= 0) {
        close(one.fd);
    }
    return good;
}
