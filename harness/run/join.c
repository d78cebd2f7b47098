/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "join.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "rootfs_output.h"

enum {
    ALIGN = 4, /* the kernel looks for the next archive at multiples of this */
    PIECE = 1 << 20,
};

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

static gboolean fail_write(const File *to, gint64 needed, GError **error)
{
    if (rootfs_output_is_full(errno)) {
        return rootfs_output_fail_full(errno, &(RootfsUnwritten){to->path, to->fd, needed, FALSE}, error);
    }
    return fail(to, error);
}

static gboolean write_all(const File *to, const char *bytes, gsize len)
{
    ssize_t n = 0;

    for (gsize at = 0; at < len && n >= 0; at += (gsize)MAX(n, 0)) {
        n = write(to->fd, bytes + at, len - at);
    }
    return n >= 0;
}

/* In large pieces: twice as fast as sendfile() between two files. */
static gboolean append(const File *from, const File *to, gint64 needed, GError **error)
{
    g_autofree char *piece = g_malloc(PIECE);
    ssize_t n;

    while ((n = read(from->fd, piece, PIECE)) > 0) {
        if (!write_all(to, piece, (gsize)n)) {
            return fail_write(to, needed, error);
        }
    }
    return n == 0 || fail(from, error);
}

static gboolean append_both(const File *first, const File *second, const File *to, GError **error)
{
    static const char zeros[ALIGN];
    gint64 needed = size_of(first) + size_of(second);
    off_t end;

    if (!append(first, to, needed, error)) {
        return FALSE;
    }
    end = lseek(to->fd, 0, SEEK_CUR);
    if (!write_all(to, zeros, (gsize)((ALIGN - end % ALIGN) % ALIGN))) {
        return fail_write(to, needed, error);
    }
    return append(second, to, needed, error);
}

/* An image of an earlier run is written over: to give back its pages and to get others takes longer. */
static gboolean cut(const File *file, GError **error)
{
    return ftruncate(file->fd, lseek(file->fd, 0, SEEK_CUR)) == 0 || fail(file, error);
}

gboolean vmb_join(const char *first, const char *second, const char *output, GError **error)
{
    File one = {first, -1}, two = {second, -1}, joined = {output, -1};
    gboolean good = open_file(&one, O_RDONLY, error) && open_file(&two, O_RDONLY, error) &&
                    open_file(&joined, O_WRONLY | O_CREAT, error) &&
                    append_both(&one, &two, &joined, error) && cut(&joined, error);

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
