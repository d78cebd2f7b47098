/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "expect.h"

#include <string.h>

static void difference_free(gpointer data)
{
    VmbDifference *difference = data;

    g_free(difference->expected);
    g_free(difference->got);
    g_free(difference);
}

void vmb_comparison_free(VmbComparison *comparison)
{
    g_ptr_array_unref(comparison->differences);
    g_free(comparison);
}

/* Lines without their ends; *count becomes their number. Free with g_strfreev(). */
static char **split_lines(const char *text, guint *count)
{
    char **lines = g_strsplit(text, "\n", -1);

    *count = g_strv_length(lines);
    if (*count > 0 && lines[*count - 1][0] == '\0') {
        (*count)--; /* what follows the last line end is no line */
    }
    return lines;
}

VmbComparison *vmb_compare(const char *expected, const char *got)
{
    VmbComparison *comparison = g_new0(VmbComparison, 1);
    g_auto(GStrv) want = split_lines(expected, &comparison->expected_lines);
    g_auto(GStrv) have = split_lines(got, &comparison->got_lines);
    guint lines = MAX(comparison->expected_lines, comparison->got_lines);

    comparison->differences = g_ptr_array_new_with_free_func(difference_free);
    for (guint i = 0; i < lines; i++) {
        const char *a = i < comparison->expected_lines ? want[i] : NULL;
        const char *b = i < comparison->got_lines ? have[i] : NULL;

        if (g_strcmp0(a, b) != 0) {
            VmbDifference *difference = g_new0(VmbDifference, 1);

            difference->line = i + 1;
            difference->expected = g_strdup(a);
            difference->got = g_strdup(b);
            g_ptr_array_add(comparison->differences, difference);
        }
    }
    return comparison;
}

/* A line as it may stand in a report: quoted, with escapes for what a terminal would act on. */
static char *quoted(const char *line)
{
    if (line == NULL) {
        return g_strdup("nothing (the output ends)");
    }
    g_autofree char *escaped = g_strescape(line, "\"");

    return g_strdup_printf("`%s`", escaped);
}

char *vmb_difference_text(const VmbDifference *difference, VmbLinePlace place)
{
    g_autofree char *where = place(difference->line);
    g_autofree char *expected = quoted(difference->expected);
    g_autofree char *got = quoted(difference->got);

    return g_strdup_printf("line %u (%s): expected %s, got %s", difference->line, where, expected,
                           got);
}

static void append_side(GString *text, char sign, const char *line)
{
    if (line != NULL) {
        g_autofree char *escaped = g_strescape(line, "\"");

        g_string_append_printf(text, "    %c %s\n", sign, escaped);
    }
}

char *vmb_comparison_diff(const VmbComparison *comparison, VmbLinePlace place, guint most)
{
    GString *text = g_string_new(NULL);
    guint count = comparison->differences->len;

    for (guint i = 0; i < MIN(count, most); i++) {
        const VmbDifference *difference = g_ptr_array_index(comparison->differences, i);
        g_autofree char *where = place(difference->line);

        g_string_append_printf(text, "  line %u (%s)\n", difference->line, where);
        append_side(text, '-', difference->expected);
        append_side(text, '+', difference->got);
    }
    if (count > most) {
        g_string_append_printf(text, "  and %u more lines that differ\n", count - most);
    }
    return g_string_free(text, FALSE);
}
