/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_module_ini.h"

#include "ini.h"
#include "rootfs_source.h"

#include <string.h>

#define GROUP "module"

void rootfs_module_ini_free(RootfsModuleIni *ini)
{
    g_free(ini->parameters);
    g_free(ini->parameters_place);
    g_strfreev(ini->after);
    g_free(ini);
}

static gboolean check_groups(const VmbIni *file, GError **error)
{
    static const char *const keys[] = {"load", "parameters", "after", NULL};

    for (const char *const *group = vmb_ini_groups(file); *group != NULL; group++) {
        if (strcmp(*group, GROUP) != 0) {
            return vmb_ini_fail(file, *group, NULL, error,
                                "[%s] is unknown: it has one group, [" GROUP "]", *group);
        }
        if (!vmb_ini_check_keys(file, GROUP, keys, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_load(const VmbIni *file, RootfsModuleIni *ini, GError **error)
{
    g_autofree char *load = NULL;

    if (!vmb_ini_string(file, GROUP, "load", &load, error)) {
        return FALSE;
    }
    ini->manual = g_strcmp0(load, "manual") == 0;
    return load == NULL || ini->manual || strcmp(load, "boot") == 0 ||
           vmb_ini_fail(file, GROUP, "load", error, "`%s` is no way to load it: write boot or manual",
                        load);
}

/* Init reads them from a list with a line for each module. */
static gboolean read_parameters(const VmbIni *file, RootfsModuleIni *ini, GError **error)
{
    if (!vmb_ini_string(file, GROUP, "parameters", &ini->parameters, error)) {
        return FALSE;
    }
    if (ini->parameters != NULL) {
        ini->parameters_place = g_strdup_printf("%s:%u", vmb_ini_path(file),
                                                vmb_ini_line(file, GROUP, "parameters"));
    }
    return ini->parameters == NULL || strchr(ini->parameters, '\n') == NULL ||
           vmb_ini_fail(file, GROUP, "parameters", error,
                        "parameters are one line: leave the \\n out, or write a blank for it");
}

static gboolean read_after(const VmbIni *file, RootfsModuleIni *ini, GError **error)
{
    if (!vmb_ini_list(file, GROUP, "after", &ini->after, error)) {
        return FALSE;
    }
    for (char **name = ini->after; name != NULL && *name != NULL; name++) {
        if ((*name)[0] == '\0') {
            return vmb_ini_fail(file, GROUP, "after", error,
                                "a name is empty: write NAME;NAME, or leave `after` out");
        }
    }
    return TRUE;
}

static gboolean read_all(const char *path, RootfsModuleIni *ini, GError **error)
{
    g_autoptr(VmbIni) file = vmb_ini_load(path, error);

    return file != NULL && check_groups(file, error) && read_load(file, ini, error) &&
           read_parameters(file, ini, error) && read_after(file, ini, error);
}

RootfsModuleIni *rootfs_module_ini_load(const char *path, GError **error)
{
    g_autoptr(RootfsModuleIni) ini = g_new0(RootfsModuleIni, 1);
    g_autoptr(GBytes) text = rootfs_source_read(path, error); /* which does not wait for a pipe */
    g_autoptr(GError) cause = NULL;

    if (text == NULL) {
        return NULL;
    }
    if (!read_all(path, ini, &cause)) {
        g_auto(GStrv) mistakes = g_strsplit(cause->message, "\n", -1);
        g_autofree char *line = g_strjoinv("; ", mistakes);

        g_set_error_literal(error, ROOTFS_ERROR, ROOTFS_ERROR_MODULE, line);
        return NULL;
    }
    return g_steal_pointer(&ini);
}
