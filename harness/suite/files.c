/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files.h"

#include <ftw.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#define OPEN_DIRECTORIES 16

/* The end of a long line: enough of it. */
#define TAIL_LINE_BYTES 4096

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    remove(path);
    return 0;
}

void vmb_remove_tree(const char *path)
{
    nftw(path, remove_entry, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS);
}

gboolean vmb_copy_file(const char *from, const char *to, GError **error)
{
    g_autoptr(GFile) source = g_file_new_for_path(from);
    g_autoptr(GFile) target = g_file_new_for_path(to);

    return g_file_copy(source, target, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, error);
}

static void append_line(GString *tail, const char *line)
{
    gsize len = strlen(line);

    if (len > TAIL_LINE_BYTES) {
        g_string_append_printf(tail, "(%" G_GSIZE_FORMAT " bytes) ...", len - TAIL_LINE_BYTES);
        line += len - TAIL_LINE_BYTES;
    }
    g_string_append_printf(tail, "%s\n", line);
}

char *vmb_text_tail(const char *text, guint lines)
{
    g_autofree char *chomped = g_strchomp(g_strdup(text));
    g_auto(GStrv) all = g_strsplit(chomped, "\n", -1);
    guint count = g_strv_length(all);
    guint left_out = count > lines ? count - lines : 0;
    GString *tail = g_string_new(NULL);

    if (left_out > 0) {
        g_string_append_printf(tail, "(%u %s before these)\n", left_out,
                               left_out == 1 ? "line" : "lines");
    }
    for (char **line = all + left_out; *line != NULL; line++) {
        append_line(tail, *line);
    }
    return g_string_free(tail, FALSE);
}
