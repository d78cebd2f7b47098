/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A longer line is written in pieces. */
#define LINE_BYTES 4096

struct VmbStreamLog {
    FILE *file;
    gint64 start;
    GPtrArray *taps; /* of VmbStreamTap */
};

struct VmbStreamTap {
    VmbStreamLog *log;
    char *name;
    GString *line;
    gint64 begun;
};

static void tap_free(gpointer data)
{
    VmbStreamTap *tap = data;

    g_free(tap->name);
    g_string_free(tap->line, TRUE);
    g_free(tap);
}

VmbStreamLog *vmb_stream_log_new(const char *path, gint64 start, GError **error)
{
    FILE *file = fopen(path, "we");
    VmbStreamLog *log;

    if (file == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot write %s: %s: choose another directory with --logs", path,
                    g_strerror(errno));
        return NULL;
    }
    log = g_new0(VmbStreamLog, 1);
    log->file = file;
    log->start = start;
    log->taps = g_ptr_array_new_with_free_func(tap_free);
    return log;
}

static void write_line(VmbStreamTap *tap)
{
    FILE *file = tap->log->file;

    if (tap->line->len == 0) {
        return;
    }
    fprintf(file, "[%12.6f] %s: ", (double)(tap->begun - tap->log->start) / G_USEC_PER_SEC, tap->name);
    fwrite(tap->line->str, 1, tap->line->len, file);
    if (tap->line->str[tap->line->len - 1] != '\n') {
        fputc('\n', file);
    }
    g_string_truncate(tap->line, 0);
}

gboolean vmb_stream_log_flush(VmbStreamLog *log)
{
    for (guint i = 0; i < log->taps->len; i++) {
        write_line(g_ptr_array_index(log->taps, i));
    }
    fflush(log->file);
    return !ferror(log->file); /* of any write so far */
}

void vmb_stream_log_free(VmbStreamLog *log)
{
    vmb_stream_log_flush(log);
    fclose(log->file);
    g_ptr_array_unref(log->taps);
    g_free(log);
}

VmbStreamTap *vmb_stream_log_add(VmbStreamLog *log, const char *name)
{
    VmbStreamTap *tap = g_new0(VmbStreamTap, 1);

    tap->log = log;
    tap->name = g_strdup(name);
    tap->line = g_string_new(NULL);
    g_ptr_array_add(log->taps, tap);
    return tap;
}

void vmb_stream_tap_take(gpointer data, const guint8 *bytes, gsize len)
{
    VmbStreamTap *tap = data;
    const guint8 *end = bytes + len;

    while (bytes < end) {
        gsize room = MIN((gsize)(end - bytes), LINE_BYTES - tap->line->len);
        const guint8 *newline = memchr(bytes, '\n', room);
        gsize taken = newline != NULL ? (gsize)(newline + 1 - bytes) : room;

        if (tap->line->len == 0) {
            tap->begun = g_get_monotonic_time();
        }
        g_string_append_len(tap->line, (const char *)bytes, (gssize)taken);
        if (newline != NULL || tap->line->len == LINE_BYTES) {
            write_line(tap);
        }
        bytes += taken;
    }
}
