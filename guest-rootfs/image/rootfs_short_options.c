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

static gboolean is_joined(const char *word, const GOptionEntry *entries, const GOptionEntry *more)
{
    return word[0] == '-' && word[1] != '\0' && word[1] != '-' && word[2] != '\0' &&
           (takes_value(word[1], entries) || takes_value(word[1], more));
}

char **rootfs_short_options_split(int argc, char **argv, const GOptionEntry *entries,
                                  const GOptionEntry *more)
{
    GPtrArray *words = g_ptr_array_new();
    gboolean over = FALSE;

    for (int i = 0; i < argc; i++) {
        over = over || g_str_equal(argv[i], "--");
        if (!over && is_joined(argv[i], entries, more)) {
            g_ptr_array_add(words, g_strndup(argv[i], 2));
            g_ptr_array_add(words, g_strdup(argv[i] + 2));
        } else {
            g_ptr_array_add(words, g_strdup(argv[i]));
        }
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}
