/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patterns.h"

#include <string.h>

/* The line as one expression, anchored at both ends. NULL: {{ without }}. */
static char *expression(const char *pattern, gsize len)
{
    GString *text = g_string_new("\\A");
    const char *end = pattern + len;

    while (pattern < end) {
        const char *open = g_strstr_len(pattern, end - pattern, "{{");
        const char *close = open != NULL ? g_strstr_len(open, end - open, "}}") : NULL;
        const char *plain_end = open != NULL ? open : end;
        g_autofree char *plain = g_regex_escape_string(pattern, (gint)(plain_end - pattern));

        if (open != NULL && close == NULL) {
            g_string_free(text, TRUE);
            return NULL;
        }
        g_string_append(text, plain);
        if (open != NULL) {
            g_string_append_printf(text, "(?:%.*s)", (int)(close - open - 2), open + 2);
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
    g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        g_autoptr(GRegex) regex = compile(lines[i], strlen(lines[i]), error);

        *line = i + 1;
        if (regex == NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean vmb_patterns_match(const GString *pattern, const GString *line)
{
    g_autoptr(GRegex) regex = compile(pattern->str, pattern->len, NULL);

    return regex != NULL &&
           g_regex_match_full(regex, line->str, (gssize)line->len, 0, 0, NULL, NULL);
}
