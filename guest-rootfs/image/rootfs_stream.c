/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_SIZE = 65536 };

struct RootfsStream {
    int fd;
    gint64 size;
    gint64 at;               /* in the file, of what comes behind `packed` */
    guint8 packed[BLOCK_SIZE];
    gsize packed_start, packed_end;
    enum { PLAIN, GZIP, OTHERS } part;
    GConverter *gzip;        /* GZIP: NULL behind its end */
    struct archive *others;  /* OTHERS, to the end of the file */
    guint8 plain[BLOCK_SIZE];
    const guint8 *start;     /* bytes that are to be read next */
    gsize left;
    gboolean foreign_check;
    char *problem;
};

RootfsStream *rootfs_stream_new(int fd)
{
    RootfsStream *stream = g_new0(RootfsStream, 1);
    struct stat info;

    stream->fd = fd;
    stream->size = fstat(fd, &info) == 0 ? info.st_size : 0;
    return stream;
}

void rootfs_stream_free(RootfsStream *stream)
{
    g_clear_object(&stream->gzip);
    g_clear_pointer(&stream->others, archive_read_free);
    g_free(stream->problem);
    g_free(stream);
}

const char *rootfs_stream_problem(const RootfsStream *stream)
{
    return stream->problem;
}

gboolean rootfs_stream_has_foreign_check(const RootfsStream *stream)
{
    return stream->foreign_check;
}

G_GNUC_PRINTF(2, 3)
static gssize fail(RootfsStream *stream, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_free(stream->problem);
    stream->problem = g_strdup_vprintf(format, args);
    va_end(args);
    return -1;
}

/* ---- The file ---- */

/* Have more bytes of the file in `packed`. 1, 0 at its end, -1 for an error. */
static gssize fill(RootfsStream *stream)
{
    gsize have = stream->packed_end - stream->packed_start;
    ssize_t n;

    memmove(stream->packed, stream->packed + stream->packed_start, have);
    stream->packed_start = 0;
    stream->packed_end = have;
    n = pread(stream->fd, stream->packed + have, BLOCK_SIZE - have, stream->at);
    if (n < 0) {
        return fail(stream, "%s", g_strerror(errno));
    }
    stream->at += n;
    stream->packed_end += (gsize)n;
    return n > 0;
}

static gssize read_plain(RootfsStream *stream)
{
    gssize n = stream->packed_start < stream->packed_end ? 1 : fill(stream);

    stream->start = stream->packed + stream->packed_start;
    stream->left = stream->packed_end - stream->packed_start;
    stream->packed_start = stream->packed_end;
    return n;
}

/* ---- gzip, which GLib reads: it checks sums and lengths, and tells where a part ends ---- */

static gssize read_gzip(RootfsStream *stream)
{
    GConverterResult result;
    gsize taken, made;

    do {
        g_autoptr(GError) error = NULL;
        gssize more = stream->packed_end - stream->packed_start < BLOCK_SIZE / 2 ? fill(stream) : 1;

        if (more < 0) {
            return -1;
        }
        result = g_converter_convert(stream->gzip, stream->packed + stream->packed_start,
                                     stream->packed_end - stream->packed_start, stream->plain,
                                     BLOCK_SIZE, more == 0 ? G_CONVERTER_INPUT_AT_END : 0, &taken,
                                     &made, &error);
        if (result == G_CONVERTER_ERROR) {
            return fail(stream, "its gzip data is cut or damaged");
        }
        stream->packed_start += taken;
    } while (result != G_CONVERTER_FINISHED && made == 0);
    if (result == G_CONVERTER_FINISHED) {
        g_clear_object(&stream->gzip);
    }
    stream->start = stream->plain;
    stream->left = made;
    return made > 0;
}

/* ---- zstd and xz, which libarchive reads, to the end of the file ---- */

static la_ssize_t give_packed(struct archive *archive, void *data, const void **bytes)
{
    RootfsStream *stream = data;
    gssize n = read_plain(stream);

    if (n < 0) {
        archive_set_error(archive, EIO, "%s", stream->problem);
        return ARCHIVE_FATAL;
    }
    *bytes = stream->start;
    n = (gssize)stream->left;
    stream->left = 0;
    return n;
}

static gssize fail_others(RootfsStream *stream)
{
    const char *problem = archive_error_string(stream->others);

    return fail(stream, "%s; behind data compressed by zstd or xz only more of the same can follow",
                problem != NULL ? problem : "its compressed data is cut or damaged");
}

static gssize begin_others(RootfsStream *stream)
{
    struct archive_entry *entry;

    stream->others = archive_read_new();
    archive_read_support_filter_zstd(stream->others);
    archive_read_support_filter_xz(stream->others);
    archive_read_support_format_raw(stream->others);
    if (archive_read_open2(stream->others, stream, NULL, give_packed, NULL, NULL) != ARCHIVE_OK ||
        archive_read_next_header(stream->others, &entry) != ARCHIVE_OK) {
        return fail_others(stream);
    }
    return 1;
}

static gssize read_others(RootfsStream *stream)
{
    la_ssize_t n = archive_read_data(stream->others, stream->plain, BLOCK_SIZE);

    if (n < 0) {
        return fail_others(stream);
    }
    stream->start = stream->plain;
    stream->left = (gsize)n;
    return n > 0;
}

/* ---- Parts ---- */

static gboolean starts_with(const RootfsStream *stream, const char *magic, gsize len)
{
    return stream->packed_end - stream->packed_start >= len &&
           memcmp(stream->packed + stream->packed_start, magic, len) == 0;
}

static gboolean starts_xz(const RootfsStream *stream)
{
    return starts_with(stream, "\xfd" "7zXZ", 6);
}

/* The low half of the eighth byte names it. */
static gboolean is_check_foreign(const RootfsStream *stream)
{
    enum { NONE, CRC32, CHECK_AT = 7 };

    return stream->packed_end - stream->packed_start > CHECK_AT &&
           (stream->packed[stream->packed_start + CHECK_AT] & 0xf) > CRC32;
}

/* What is not compressed is an archive, or its reader will say that it is none. */
static gssize begin_part(RootfsStream *stream)
{
    stream->packed_start = (gsize)(stream->start - stream->packed);
    stream->left = 0;
    if (fill(stream) < 0) {
        return -1;
    }
    if (starts_with(stream, "\x1f\x8b", 2)) {
        stream->part = GZIP;
        stream->gzip = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    } else if (starts_with(stream, "\x28\xb5\x2f\xfd", 4) || starts_xz(stream)) {
        stream->part = OTHERS;
        stream->foreign_check = starts_xz(stream) && is_check_foreign(stream);
        return begin_others(stream);
    }
    return 1;
}

/* 1: there are bytes to be read. 0: the part is at its end. */
static gssize read_on(RootfsStream *stream)
{
    if (stream->left > 0) {
        return 1;
    }
    switch (stream->part) {
    case GZIP:
        return stream->gzip != NULL ? read_gzip(stream) : 0;
    case OTHERS:
        return read_others(stream);
    default:
        return read_plain(stream);
    }
}

/* 1: at a byte that is not zero. 0: the part has no more of them. */
static gssize pass_zeros(RootfsStream *stream)
{
    gssize n;

    while ((n = read_on(stream)) > 0) {
        for (; stream->left > 0; stream->start++, stream->left--) {
            if (*stream->start != 0) {
                return 1;
            }
        }
    }
    return n;
}

gboolean rootfs_stream_begin(RootfsStream *stream)
{
    for (;;) { /* once for each part that ends */
        gssize n = pass_zeros(stream);

        if (n < 0 || (n == 0 && stream->part != GZIP)) {
            return FALSE;
        }
        if (n == 0) { /* something else can follow */
            stream->part = PLAIN;
        } else if (stream->part != PLAIN) {
            return TRUE;
        } else if (begin_part(stream) < 0) {
            return FALSE;
        } else if (stream->part == PLAIN) {
            return read_plain(stream) > 0;
        }
    }
}

gssize rootfs_stream_read(RootfsStream *stream, const void **bytes)
{
    gssize n = read_on(stream);

    *bytes = stream->start;
    if (n > 0) {
        n = (gssize)stream->left;
        stream->start += n;
        stream->left = 0;
    }
    return n;
}

gint64 rootfs_stream_skip(RootfsStream *stream, gint64 len)
{
    gint64 n = MIN(len, stream->size - stream->at);

    if (stream->part != PLAIN || stream->left > 0 || n < 0) {
        return 0;
    }
    stream->at += n;
    return n;
}

void rootfs_stream_give_back(RootfsStream *stream, gsize len)
{
    stream->start -= len;
    stream->left += len;
}
