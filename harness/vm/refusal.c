/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "refusal.h"

#include <string.h>

/* QEMU's line has the whole device in it, behind its own name; with a warning it goes on. */
static const char *reason(const char *device, const char *line)
{
    g_autofree char *before = g_strdup_printf(": -device %s: ", device);
    const char *found = strstr(line, before);

    found = found != NULL ? found + strlen(before) : NULL;
    return found == NULL || g_str_has_prefix(found, "warning: ") ? NULL : found;
}

GError *vmb_refusal_error(const VmbGuestConfig *config, const char *last_line)
{
    g_auto(GStrv) devices = vmb_guest_config_devices(config);

    for (guint i = 0; devices[i] != NULL; i++) {
        const char *why = reason(devices[i], last_line);

        if (why != NULL) {
            return g_error_new(VMB_ERROR, VMB_ERROR_SETUP,
                               "%s: %s: change it; docs/device.md has what a range may be",
                               config->places != NULL ? config->places[i] : devices[i], why);
        }
    }
    return NULL;
}
