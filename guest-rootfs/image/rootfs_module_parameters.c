/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_module_parameters.h"

#include "nearest.h"
#include "rootfs_image.h"

#include <string.h>

/* As the kernel cuts them: a blank between quotes ends no word. */
static const char *end_of_word(const char *word)
{
    gboolean quoted = FALSE;

    for (; *word != '\0' && (quoted || !g_ascii_isspace(*word)); word++) {
        quoted ^= *word == '"';
    }
    return word;
}

/* What is before the `=`. Quotes can be around the whole, and '-' is '_'. */
static char *name_of(const char *word, const char *end)
{
    g_autofree char *text = g_strndup(word, (gsize)(end - word));
    const char *start = text[0] == '"' ? text + 1 : text;

    return g_strdelimit(g_strndup(start, strcspn(start, "=\"")), "-", '_');
}

static gboolean is_taken(const char *name, const RootfsElf *elf)
{
    static const char *const always[] = {"async_probe", "dyndbg", NULL};

    return strchr(name, '.') != NULL || g_strv_contains(always, name) ||
           g_strv_contains((const char *const *)elf->parameters, name);
}

/* Always FALSE. */
static gboolean fail(GError **error, const char *place, const char *name, const RootfsElf *elf,
                     const char *module)
{
    const char *nearest = vmb_nearest(name, (const char *const *)elf->parameters);
    g_autofree char *all = g_strjoinv(", ", elf->parameters);
    g_autofree char *remedy = NULL;

    if (nearest != NULL) {
        remedy = g_strdup_printf("did you mean %s?", nearest);
    } else {
        remedy = all[0] != '\0' ? g_strdup_printf("it has %s", all) : g_strdup("it has none; leave it out");
    }
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_MODULE, "%s: the module %s has no parameter `%s`: %s",
                place, module, name, remedy);
    return FALSE;
}

gboolean rootfs_module_parameters_check(const RootfsModuleIni *ini, const RootfsElf *elf, const char *name,
                                        GError **error)
{
    const char *word = ini != NULL && ini->parameters != NULL ? ini->parameters : "";

    while (elf->parameters != NULL && *(word += strspn(word, " \t")) != '\0') {
        const char *end = end_of_word(word);
        g_autofree char *parameter = name_of(word, end);

        if (!is_taken(parameter, elf)) {
            return fail(error, ini->parameters_place, parameter, elf, name);
        }
        word = end;
    }
    return TRUE;
}
