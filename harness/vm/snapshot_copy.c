/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot_copy.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
/* Most that one write() takes. */
#define PIECE (1024 * 1024)

static gboolean fail(const char *what, GError **error)
{
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s: %s", what, g_strerror(errno));
    return FALSE;
}

static gboolean write_at(int fd, const guint8 *bytes, gsize len, off_t at)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, bytes, MIN(len, PIECE), at);

        if (n < 0 && errno != EINTR) {
            return FALSE;
        }
        if (n > 0) {
            bytes += n;
            len -= (gsize)n;
            at += n;
        }
    }
    return TRUE;
}

static gboolean page_is_zero(const guint8 *page, gsize len)
{
    return page[0] == 0 && memcmp(page, page + 1, len - 1) == 0;
}

/* Write the pages of [at, end) that are not zero, each row of neighbours at once. */
static gboolean copy_extent(const guint8 *from, off_t at, off_t end, int to)
{
    off_t row = at; /* where the row of pages begins that is still to be written */

    while (at < end) {
        gsize len = (gsize)MIN(PAGE, end - at);

        if (page_is_zero(from + at, len)) {
            if (!write_at(to, from + row, (gsize)(at - row), row)) {
                return FALSE;
            }
            row = at + (off_t)len;
        }
        at += (off_t)len;
    }
    return write_at(to, from + row, (gsize)(end - row), row);
}

static gboolean copy_extents(const guint8 *from, int from_fd, int to)
{
    off_t at = lseek(from_fd, 0, SEEK_DATA);

    while (at >= 0) {
        off_t end = lseek(from_fd, at, SEEK_HOLE);

        if (end < 0 || !copy_extent(from, at, end, to)) {
            return FALSE;
        }
        at = lseek(from_fd, end, SEEK_DATA);
    }
    return errno == ENXIO; /* nothing behind here */
}

gboolean vmb_copy_sparse(int from, int to, GError **error)
{
    struct stat s;
    gboolean ok;
    void *map;

    if (fstat(from, &s) != 0 || ftruncate(to, s.st_size) != 0) {
        return fail("cannot make the RAM's file", error);
    }
    map = mmap(NULL, (gsize)s.st_size, PROT_READ, MAP_SHARED, from, 0);
    if (map == MAP_FAILED) {
        return fail("cannot map the guest's RAM", error);
    }
    ok = copy_extents(map, from, to) || fail("cannot write the guest's RAM", error);
    munmap(map, (gsize)s.st_size);
    return ok;
}

GBytes *vmb_read_all(int fd, GError **error)
{
    struct stat s;
    g_autofree guint8 *bytes = NULL;
    ssize_t n;

    if (fstat(fd, &s) != 0) {
        fail("cannot read the state", error);
        return NULL;
    }
    bytes = g_malloc((gsize)s.st_size);
    n = pread(fd, bytes, (gsize)s.st_size, 0);
    if (n != s.st_size) {
        errno = n < 0 ? errno : EIO;
        fail("cannot read the state", error);
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&bytes), (gsize)n);
}

gboolean vmb_write_all(int fd, const void *bytes, gsize len, GError **error)
{
    off_t at = lseek(fd, 0, SEEK_END);

    if (at < 0 || !write_at(fd, bytes, len, at)) {
        return fail("cannot write", error);
    }
    return TRUE;
}
