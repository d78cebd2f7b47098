/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "expect.h"

#include <string.h>

/* Bytes of a line that a message shows. */
#define SHOWN_MOST 200

static void line_free(gpointer line)
{
    if (line != NULL) {
        g_string_free(line, TRUE);
    }
}

static void difference_free(gpointer data)
{
    VmbDifference *difference = data;

    line_free(difference->expected);
    line_free(difference->got);
    g_free(difference);
}

void vmb_comparison_free(VmbComparison *comparison)
{
    g_ptr_array_unref(comparison->differences);
    g_free(comparison);
}

/* The lines of a text as GStrings, with their ends. */
static GPtrArray *split_lines(const GString *text)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(line_free);
    const char *end = text->str + text->len;

    for (const char *start = text->str; start < end;) {
        const char *newline = memchr(start, '\n', (gsize)(end - start));
        const char *next = newline != NULL ? newline + 1 : end;

        g_ptr_array_add(lines, g_string_new_len(start, next - start));
        start = next;
    }
    return lines;
}

static const GString *line_at(const GPtrArray *lines, guint index)
{
    return index < lines->len ? g_ptr_array_index(lines, index) : NULL;
}

static gboolean lines_equal(const GString *a, const GString *b)
{
    return g_string_equal(a, b);
}

static GString *line_copy(const GString *line)
{
    return line != NULL ? g_string_new_len(line->str, (gssize)line->len) : NULL;
}

VmbComparison *vmb_compare_by(const GString *expected, const GString *got, VmbLinesMatch match)
{
    VmbComparison *comparison = g_new0(VmbComparison, 1);
    g_autoptr(GPtrArray) want = split_lines(expected);
    g_autoptr(GPtrArray) have = split_lines(got);

    comparison->expected_lines = want->len;
    comparison->got_lines = have->len;
    comparison->differences = g_ptr_array_new_with_free_func(difference_free);
    for (guint i = 0; i < MAX(want->len, have->len); i++) {
        if (line_at(want, i) == NULL || line_at(have, i) == NULL ||
            !match(line_at(want, i), line_at(have, i))) {
            VmbDifference *difference = g_new0(VmbDifference, 1);

            difference->line = i + 1;
            difference->expected = line_copy(line_at(want, i));
            difference->got = line_copy(line_at(have, i));
            g_ptr_array_add(comparison->differences, difference);
        }
    }
    return comparison;
}

VmbComparison *vmb_compare(const GString *expected, const GString *got)
{
    return vmb_compare_by(expected, got, lines_equal);
}

static gboolean has_line_end(const GString *line)
{
    return line->len > 0 && line->str[line->len - 1] == '\n';
}

/* A line without its end, cut if it is long, and with escapes for what a terminal would act on. */
static char *escaped(const GString *line)
{
    gsize len = line->len - (has_line_end(line) ? 1 : 0);
    const char *end = line->str + MIN(len, SHOWN_MOST);
    GString *text = g_string_new(NULL);

    for (const char *at = line->str; at < end; at++) {
        if (*at == '\0') {
            g_string_append(text, "\\000");
        } else {
            g_autofree char *one = g_strndup(at, 1);
            g_autofree char *shown = g_strescape(one, "\"");

            g_string_append(text, shown);
        }
    }
    if (len > SHOWN_MOST) {
        g_string_append_printf(text, "... (%" G_GSIZE_FORMAT " bytes)", len);
    }
    return g_string_free(text, FALSE);
}

static char *quoted(const GString *line)
{
    if (line == NULL) {
        return g_strdup("nothing (the output ends)");
    }
    g_autofree char *shown = escaped(line);

    return g_strdup_printf("`%s`%s", shown, has_line_end(line) ? "" : " without a line end");
}

/* " (width 2, element 1)", or nothing when no line has such a place. */
static char *place_text(VmbLinePlace place, guint line)
{
    g_autofree char *where = place != NULL ? place(line) : NULL;

    return where != NULL ? g_strdup_printf(" (%s)", where) : g_strdup("");
}

char *vmb_difference_text(const VmbDifference *difference, VmbLinePlace place)
{
    g_autofree char *where = place_text(place, difference->line);
    g_autofree char *expected = quoted(difference->expected);
    g_autofree char *got = quoted(difference->got);

    return g_strdup_printf("line %u%s: expected %s, got %s", difference->line, where, expected, got);
}

static void append_side(GString *text, char sign, const GString *line)
{
    if (line != NULL) {
        g_autofree char *shown = escaped(line);

        g_string_append_printf(text, "    %c %s%s\n", sign, shown,
                               has_line_end(line) ? "" : " (no line end)");
    }
}

char *vmb_comparison_diff(const VmbComparison *comparison, VmbLinePlace place, guint most)
{
    GString *text = g_string_new(NULL);
    guint count = comparison->differences->len;

    for (guint i = 0; i < MIN(count, most); i++) {
        const VmbDifference *difference = g_ptr_array_index(comparison->differences, i);
        g_autofree char *where = place_text(place, difference->line);

        g_string_append_printf(text, "  line %u%s\n", difference->line, where);
        append_side(text, '-', difference->expected);
        append_side(text, '+', difference->got);
    }
    if (count > most) {
        g_string_append_printf(text, "  and %u more lines that differ\n", count - most);
    }
    return g_string_free(text, FALSE);
}
