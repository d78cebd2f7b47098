/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hex_diff.h"

#include <string.h>

#define ROW 16

static gsize row_length(const GString *bytes, gsize offset)
{
    return offset < bytes->len ? MIN(ROW, bytes->len - offset) : 0;
}

static gboolean rows_equal(const GString *a, const GString *b, gsize offset)
{
    gsize len = row_length(a, offset);

    return len == row_length(b, offset) && memcmp(a->str + offset, b->str + offset, len) == 0;
}

static void append_row(GString *text, char sign, const GString *bytes, gsize offset)
{
    gsize len = row_length(bytes, offset);

    if (len == 0) {
        return;
    }
    g_string_append_printf(text, "    %c %08zx ", sign, offset);
    for (gsize i = 0; i < ROW; i++) {
        if (i < len) {
            g_string_append_printf(text, " %02x", (guint8)bytes->str[offset + i]);
        } else {
            g_string_append(text, "   ");
        }
    }
    g_string_append(text, "  |");
    for (gsize i = 0; i < len; i++) {
        char c = bytes->str[offset + i];

        g_string_append_c(text, g_ascii_isprint(c) ? c : '.');
    }
    g_string_append(text, "|\n");
}

char *vmb_hex_diff(const GString *expected, const GString *got, guint most)
{
    GString *text = g_string_new(NULL);
    gsize end = MAX(expected->len, got->len);
    guint rows = 0;

    for (gsize offset = 0; offset < end; offset += ROW) {
        if (rows_equal(expected, got, offset)) {
            continue;
        }
        if (rows++ < most) {
            append_row(text, '-', expected, offset);
            append_row(text, '+', got, offset);
        }
    }
    if (rows > most) {
        g_string_append_printf(text, "    and %u more rows that differ\n", rows - most);
    }
    return g_string_free(text, FALSE);
}
