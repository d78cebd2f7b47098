/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timed_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct VmbTimedLog {
    FILE *file;
    gint64 start;
    gboolean in_line;
};

VmbTimedLog *vmb_timed_log_new(const char *path, gint64 start, GError **error)
{
    FILE *file = fopen(path, "we");
    VmbTimedLog *log;

    if (file == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot write %s: %s: choose another directory with --logs", path,
                    g_strerror(errno));
        return NULL;
    }
    log = g_new0(VmbTimedLog, 1);
    log->file = file;
    log->start = start;
    return log;
}

void vmb_timed_log_free(VmbTimedLog *log)
{
    fclose(log->file);
    g_free(log);
}

void vmb_timed_log_take(gpointer data, const guint8 *bytes, gsize len)
{
    VmbTimedLog *log = data;
    const guint8 *end = bytes + len;

    while (bytes < end) {
        const guint8 *newline = memchr(bytes, '\n', (gsize)(end - bytes));
        const guint8 *next = newline != NULL ? newline + 1 : end;

        if (!log->in_line) {
            gint64 now = g_get_monotonic_time() - log->start;

            fprintf(log->file, "[%12.6f] ", (double)now / G_USEC_PER_SEC);
        }
        fwrite(bytes, 1, (size_t)(next - bytes), log->file);
        log->in_line = newline == NULL;
        bytes = next;
    }
    fflush(log->file);
}

gboolean vmb_timed_log_is_whole(const VmbTimedLog *log)
{
    return !ferror(log->file);
}
