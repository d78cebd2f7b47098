/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_template.h"

#include "rootfs_source.h"

#include <string.h>

struct expansion {
    const char *path;
    GHashTable *variables;
    GHashTable *used;
    GError *error;
};

static guint line_of(const GMatchInfo *match)
{
    guint line = 1;
    int end;

    g_match_info_fetch_pos(match, 0, &end, NULL);
    for (const char *at = g_match_info_get_string(match); end > 0; at++, end--) {
        line += *at == '\n';
    }
    return line;
}

/* The builder itself has a value for each machine, and for each kernel that it knows. */
static char *remedy_for(const char *name)
{
    return strcmp(name, "KERNEL") == 0 ? g_strdup("say with --kernel-modules which kernel boots")
                                       : g_strdup_printf("give --set %s=VALUE", name);
}

/* GRegexEvalCallback: TRUE stops, and expansion->error says why. */
static gboolean expand(const GMatchInfo *match, GString *result, gpointer data)
{
    struct expansion *expansion = data;
    g_autofree char *name = g_match_info_fetch(match, 1);
    const char *value = g_hash_table_lookup(expansion->variables, name);

    if (value == NULL) {
        g_autofree char *remedy = remedy_for(name);

        g_set_error(&expansion->error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE, "%s:%u: @%s@ has no value; %s",
                    expansion->path, line_of(match), name, remedy);
        return TRUE;
    }
    g_string_append(result, value);
    g_hash_table_add(expansion->used, g_steal_pointer(&name));
    return FALSE;
}

GBytes *rootfs_template_expand(const char *path, GHashTable *variables, GHashTable *used,
                               GError **error)
{
    g_autoptr(GRegex) pattern = g_regex_new("@([A-Z][A-Z0-9_]*)@", G_REGEX_RAW, 0, NULL);
    struct expansion expansion = {path, variables, used, NULL};
    g_autoptr(GBytes) bytes = rootfs_source_read(path, error);
    gsize len = 0;
    const char *text = bytes != NULL ? g_bytes_get_data(bytes, &len) : NULL;
    char *expanded;

    if (len == 0) {
        return g_steal_pointer(&bytes); /* or NULL: an error */
    }
    if (memchr(text, '\0', len) != NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE,
                    "%s: holds a NUL byte; a template is text: name it without .in", path);
        return NULL;
    }
    expanded = g_regex_replace_eval(pattern, text, (gssize)len, 0, 0, expand, &expansion, NULL);
    if (expansion.error != NULL) {
        g_free(expanded);
        g_propagate_error(error, expansion.error);
        return NULL;
    }
    return g_bytes_new_take(expanded, strlen(expanded));
}
