/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ranges.h"

#include <string.h>

#include "number.h"

/* START:SIZE[:IRQ...], what is in front of the first comma. */
typedef struct {
    guint64 start, size;
    char *irqs; /* "17:18"; NULL: none */
} Place;

static gboolean parse_place(const char *text, Place *place)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 3);

    if (g_strv_length(parts) < 2 || !vmb_number_parse(parts[0], G_MAXUINT64, &place->start) ||
        !vmb_number_parse(parts[1], G_MAXUINT64, &place->size)) {
        return FALSE;
    }
    if (parts[2] != NULL && (parts[2][0] == '\0' || parts[2][strspn(parts[2], "0123456789:")] != '\0')) {
        return FALSE;
    }
    place->irqs = g_strdup(parts[2]);
    return TRUE;
}

/* What the range says for itself comes last, and so wins. */
static char *device_text(const Place *place, guint index, const VmbGuestConfig *config,
                         const char *own)
{
    GString *text = g_string_new(NULL);

    g_string_printf(text, "vmmio,id=vmmio%u,start=0x%" G_GINT64_MODIFIER "x,size=0x%"
                    G_GINT64_MODIFIER "x,listen=127.0.0.1:%u", index, place->start, place->size,
                    config->port);
    if (place->irqs != NULL) {
        g_string_append_printf(text, ",irq=%s", place->irqs);
    }
    if (config->properties != NULL) {
        g_string_append_printf(text, ",%s", config->properties);
    }
    g_string_append(text, own);
    return g_string_free(text, FALSE);
}

/* A range of the option as a value of -device. */
static char *parse_range(const char *range, guint index, VmbGuestConfig *config, GError **error)
{
    const char *own = range + strcspn(range, ",");
    g_autofree char *text = g_strndup(range, (gsize)(own - range));
    Place place = {.irqs = NULL};
    char *device;

    if (!parse_place(text, &place)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "--range %s: it is START:SIZE[:IRQ][,PROPERTY=VALUE...], such as "
                    "0xfe900000:0x2000:17,timeout-ms=0", range);
        return NULL;
    }
    if (index == 0) {
        config->irq = place.irqs != NULL ? (guint)g_ascii_strtoull(place.irqs, NULL, 10) : 0;
    }
    device = device_text(&place, index, config, own);
    g_free(place.irqs);
    return device;
}

/* Where a message is to say that the mistake is. */
static char **places(const VmbSettings *settings)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (char **range = settings->ranges; range != NULL && *range != NULL; range++) {
        g_autofree char *place = g_strconcat("--range ", *range, NULL);

        g_strv_builder_add(builder, place);
    }
    if (settings->ranges == NULL) {
        g_autofree char *place = g_strconcat("--properties ", settings->properties, NULL);

        g_strv_builder_add(builder, place);
    }
    return g_strv_builder_end(builder);
}

gboolean vmb_ranges_apply(const VmbSettings *settings, VmbGuestConfig *config, GError **error)
{
    guint count = settings->ranges != NULL ? g_strv_length(settings->ranges) : 0;
    g_auto(GStrv) devices = g_new0(char *, count + 1);

    for (guint i = 0; i < count; i++) {
        devices[i] = parse_range(settings->ranges[i], i, config, error);
        if (devices[i] == NULL) {
            return FALSE;
        }
    }
    if (count > 0) {
        config->devices = g_steal_pointer(&devices);
    }
    config->places = count > 0 || settings->properties != NULL ? places(settings) : NULL;
    return TRUE;
}
