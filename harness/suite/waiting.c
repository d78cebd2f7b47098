/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "waiting.h"

static JsonObject *object_of(JsonNode *node)
{
    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

/* `waiting` is a VmmioWaiting of qemu-device/hw/vmmio.json. */
static void append_line(GString *text, const char *id, JsonObject *waiting, gint64 begin)
{
    double us = (double)json_object_get_int_member_with_default(waiting, "ns", 0) / 1000;
    double start = (double)(g_get_real_time() - begin) - us;
    gboolean write = json_object_get_boolean_member_with_default(waiting, "write", FALSE);
    gint64 size = json_object_get_int_member_with_default(waiting, "size", 0);

    g_string_append_printf(
        text, "%12.6f  %-8s %-5s 0x%09" G_GINT64_MODIFIER "x %d  %-18s %10.1f us  waiting\n",
        start / G_USEC_PER_SEC, id, write ? "write" : "read",
        json_object_get_int_member_with_default(waiting, "address", 0), (int)size, "-", us);
}

char *vmb_waiting_lines(VmbGuest *guest, const VmbScenario *scenario, gint64 begin)
{
    VmbQmp *qmp = vmb_guest_qmp(guest, NULL);
    GString *text = g_string_new(NULL);

    for (guint i = 0; qmp != NULL && i < scenario->ranges->len; i++) {
        const VmbScenarioRange *range = g_ptr_array_index(scenario->ranges, i);
        g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", range->id);
        g_autoptr(JsonNode) node = vmb_qmp_get(qmp, path, "stats", NULL);
        JsonObject *stats = object_of(node);
        JsonObject *waiting =
            stats != NULL ? object_of(json_object_get_member(stats, "waiting")) : NULL;

        if (waiting != NULL) {
            append_line(text, range->id, waiting, begin);
        }
    }
    return g_string_free(text, FALSE);
}
