/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory_table.h"

#include <string.h>

static const guint widths[VMB_MEMORY_WIDTHS] = {1, 2, 4, 8};

char *vmb_memory_inside_place(guint line)
{
    guint index = line - 1;

    if (index >= VMB_MEMORY_INSIDE_LINES) {
        return g_strdup("after the last element");
    }
    return g_strdup_printf("width %u, element %u", widths[index / VMB_MEMORY_ELEMENTS],
                           index % VMB_MEMORY_ELEMENTS);
}

char *vmb_memory_outside_place(guint line)
{
    guint index = line - 1;
    guint access = index / VMB_MEMORY_ELEMENTS; /* writes of a width, then its reads */

    if (index >= VMB_MEMORY_OUTSIDE_LINES) {
        return g_strdup("after the last access");
    }
    return g_strdup_printf("%s, width %u, element %u", access % 2 == 0 ? "write" : "read",
                           widths[access / 2], index % VMB_MEMORY_ELEMENTS);
}

/* "0x0f" of " 15: 0x0f". */
static const char *value_of(char **lines, guint count, guint index)
{
    const char *colon = index < count ? strstr(lines[index], ": ") : NULL;

    return colon != NULL ? colon + 2 : "?";
}

char *vmb_memory_table(const char *inside_output)
{
    g_auto(GStrv) lines = g_strsplit(inside_output, "\n", -1);
    guint count = g_strv_length(lines);
    GString *table = g_string_new("  element");

    for (guint w = 0; w < VMB_MEMORY_WIDTHS; w++) {
        g_autofree char *title =
            g_strdup_printf("%u byte%s", widths[w], widths[w] == 1 ? "" : "s");

        g_string_append_printf(table, "  %*s", MAX((int)widths[w] * 2 + 2, 7), title);
    }
    for (guint element = 0; element < VMB_MEMORY_ELEMENTS; element++) {
        g_string_append_printf(table, "\n  %7u", element);
        for (guint w = 0; w < VMB_MEMORY_WIDTHS; w++) {
            g_string_append_printf(table, "  %*s", MAX((int)widths[w] * 2 + 2, 7),
                                   value_of(lines, count, w * VMB_MEMORY_ELEMENTS + element));
        }
    }
    g_string_append_c(table, '\n');
    return g_string_free(table, FALSE);
}
