/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "placeholders.h"

#include <string.h>

/* The placeholder that `at`, which is at a brace, begins with; its length is set. NULL: none. */
static const VmbPlaceholder *find(const char *at, const VmbPlaceholder *known, gsize *len)
{
    for (; known->name != NULL; known++) {
        *len = strlen(known->name) + 2;
        if (strncmp(at + 1, known->name, *len - 2) == 0 && at[*len - 1] == '}') {
            return known;
        }
    }
    return NULL;
}

char *vmb_placeholders_fill(const char *text, const VmbPlaceholder *known)
{
    GString *filled = g_string_new(NULL);

    while (*text != '\0') {
        gsize len = 1;
        const VmbPlaceholder *one = *text == '{' ? find(text, known, &len) : NULL;

        if (one != NULL) {
            g_string_append(filled, one->value);
        } else {
            len = 1;
            g_string_append_c(filled, *text);
        }
        text += len;
    }
    return g_string_free(filled, FALSE);
}

char **vmb_placeholders_fill_all(char **words, const VmbPlaceholder *known)
{
    char **filled = words != NULL ? g_new0(char *, g_strv_length(words) + 1) : NULL;

    for (guint i = 0; words != NULL && words[i] != NULL; i++) {
        filled[i] = vmb_placeholders_fill(words[i], known);
    }
    return filled;
}

gboolean vmb_placeholders_has(char **words, const char *name)
{
    g_autofree char *braced = g_strdup_printf("{%s}", name);

    for (; words != NULL && *words != NULL; words++) {
        if (strstr(*words, braced) != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}
