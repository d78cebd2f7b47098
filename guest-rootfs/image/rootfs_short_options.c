/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_short_options.h"

static gboolean takes_value(char name, const GOptionEntry *entries)
{
    for (; entries != NULL && entries->long_name != NULL; entries++) {
        if (entries->short_name == name && entries->arg != G_OPTION_ARG_NONE) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean has_value(const char *name, const GOptionEntry *entries)
{
    for (; entries != NULL && entries->long_name != NULL; entries++) {
        if (g_str_equal(entries->long_name, name)) {
            return entries->arg != G_OPTION_ARG_NONE;
        }
    }
    return FALSE;
}

/* "--output", "-o", or "-qo" with an option before it that takes none: the next word is its value. */
static gboolean waits_for_value(const char *word, const GOptionEntry *entries,
                                const GOptionEntry *more)
{
    if (g_str_has_prefix(word, "--")) {
        return has_value(word + 2, entries) || has_value(word + 2, more);
    }
    if (word[0] != '-') {
        return FALSE;
    }
    for (word++; *word != '\0' && !takes_value(*word, entries) && !takes_value(*word, more);) {
        word++;
    }
    return word[0] != '\0' && word[1] == '\0';
}

static gboolean is_joined(const char *word, const GOptionEntry *entries, const GOptionEntry *more)
{
    return word[0] == '-' && word[1] != '\0' && word[1] != '-' && word[2] != '\0' &&
           (takes_value(word[1], entries) || takes_value(word[1], more));
}

char **rootfs_short_options_split(int argc, char **argv, const GOptionEntry *entries,
                                  const GOptionEntry *more)
{
    GPtrArray *words = g_ptr_array_new();
    gboolean over = FALSE, value = FALSE;

    for (int i = 0; i < argc; i++) {
        over = over || (!value && g_str_equal(argv[i], "--"));
        if (!over && !value && is_joined(argv[i], entries, more)) {
            g_ptr_array_add(words, g_strndup(argv[i], 2));
            g_ptr_array_add(words, g_strdup(argv[i] + 2));
        } else {
            g_ptr_array_add(words, g_strdup(argv[i]));
            value = !value && waits_for_value(argv[i], entries, more);
        }
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}
