/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_tail.h"

#include <stdio.h>
#include <string.h>

/* Enough for lines that somebody reads. */
#define TAIL_BYTES 65536

/* A line longer than this is cut in a report, in front. */
#define LINE_BYTES 4096

/* The last bytes of a file, none of its first `from`; or NULL. */
static char *read_end(const char *path, goffset from)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t len;

    if (file == NULL) {
        return NULL;
    }
    if (fseek(file, -TAIL_BYTES, SEEK_END) != 0 || ftell(file) < from) {
        fseek(file, from, SEEK_SET);
    }
    text = g_malloc(TAIL_BYTES + 1);
    len = fread(text, 1, TAIL_BYTES, file);
    text[len] = '\0';
    fclose(file);
    for (size_t i = 0; i < len; i++) {
        text[i] = text[i] == '\0' ? '.' : text[i];
    }
    return text;
}

char *vmb_file_tail_from(const char *path, goffset from, guint lines)
{
    g_autofree char *text = read_end(path, from);
    char *at;

    if (text == NULL || g_strchomp(text)[0] == '\0') {
        return NULL;
    }
    at = text + strlen(text);
    while (at > text) {
        if (at[-1] == '\n' && --lines == 0) {
            break;
        }
        at--;
    }
    return g_strdup_printf("%s\n", at);
}

char *vmb_file_tail(const char *path, guint lines)
{
    return vmb_file_tail_from(path, 0, lines);
}

char *vmb_last_line(const char *path)
{
    g_autofree char *line = vmb_file_tail(path, 1);
    gsize len = line != NULL ? strlen(g_strchomp(line)) : 0;

    return line != NULL ? g_utf8_make_valid(line + len - MIN(len, LINE_BYTES), -1) : NULL;
}
