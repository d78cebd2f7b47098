/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patterns.h"

#include <string.h>

/* Bytes as an expression for these bytes. */
static void append_plain(GString *text, const char *bytes, const char *end)
{
    for (; bytes < end; bytes++) {
        g_string_append_printf(text, g_ascii_isalnum(*bytes) ? "%c" : "\\x%02x", (guint8)*bytes);
    }
}

/* The }} that ends an expression: of several } in a row the last two, for `{{[0-9]{2}}}`. */
static const char *find_close(const char *text, const char *end)
{
    const char *close = memmem(text, (gsize)(end - text), "}}", 2);

    while (close != NULL && close + 2 < end && close[2] == '}') {
        close++;
    }
    return close;
}

/* The line as one expression, anchored at both ends. NULL: {{ without }}. */
static char *expression(const char *pattern, gsize len)
{
    GString *text = g_string_new("\\A");
    const char *end = pattern + len;

    while (pattern < end) {
        const char *open = memmem(pattern, (gsize)(end - pattern), "{{", 2);
        const char *close = open != NULL ? find_close(open + 2, end) : NULL;

        if (open != NULL && close == NULL) {
            g_string_free(text, TRUE);
            return NULL;
        }
        append_plain(text, pattern, open != NULL ? open : end);
        if (open != NULL) {
            g_string_append(text, "(?:");
            g_string_append_len(text, open + 2, close - open - 2);
            g_string_append_c(text, ')');
        }
        pattern = open != NULL ? close + 2 : end;
    }
    g_string_append(text, "\\z");
    return g_string_free(text, FALSE);
}

static GRegex *compile(const char *pattern, gsize len, GError **error)
{
    g_autofree char *text = expression(pattern, len);

    if (text == NULL) {
        g_set_error(error, G_REGEX_ERROR, G_REGEX_ERROR_COMPILE, "it has {{ without }}");
        return NULL;
    }
    /* Bytes, not UTF-8: an output is what it is. */
    return g_regex_new(text, G_REGEX_RAW | G_REGEX_DOTALL, 0, error);
}

gboolean vmb_patterns_check(const GString *text, guint *line, GError **error)
{
    const char *begin = text->str, *end = text->str + text->len;

    for (*line = 1; begin < end; (*line)++) {
        const char *line_end = memchr(begin, '\n', (gsize)(end - begin));
        gsize len = (gsize)((line_end != NULL ? line_end : end) - begin);
        g_autoptr(GRegex) regex = compile(begin, len, error);

        if (regex == NULL) {
            return FALSE;
        }
        begin += len + 1;
    }
    return TRUE;
}

gboolean vmb_patterns_match(const GString *pattern, const GString *line)
{
    g_autoptr(GRegex) regex = compile(pattern->str, pattern->len, NULL);

    return regex != NULL &&
           g_regex_match_full(regex, line->str, (gssize)line->len, 0, 0, NULL, NULL);
}
