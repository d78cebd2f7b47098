/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "excuse.h"

/* Where QEMU keeps the devices that were given an id. */
#define DEVICES "/machine/peripheral"

static JsonObject *object_of(JsonNode *node)
{
    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static char *pause_excuse(VmbQmp *qmp, GError **error)
{
    g_autoptr(JsonNode) node = vmb_qmp_call(qmp, "query-status", NULL, error);
    JsonObject *status = object_of(node);

    if (status == NULL || json_object_get_boolean_member_with_default(status, "running", TRUE)) {
        return NULL;
    }
    return g_strdup_printf("the VM is stopped (%s)",
                           json_object_get_string_member_with_default(status, "status", "paused"));
}

/* The access that a vCPU waits in, of a VmmioStats. */
static char *access_excuse(const char *id, JsonObject *stats)
{
    JsonObject *waiting = stats != NULL && json_object_has_member(stats, "waiting")
                              ? object_of(json_object_get_member(stats, "waiting"))
                              : NULL;

    if (waiting == NULL) {
        return NULL;
    }
    return g_strdup_printf(
        "the guest waits for the handler of %s, which has not answered a %d-byte %s 0x%"
        G_GINT64_MODIFIER "x for %.1f s",
        id, (int)json_object_get_int_member_with_default(waiting, "size", 0),
        json_object_get_boolean_member_with_default(waiting, "write", FALSE) ? "write to"
                                                                             : "read of",
        json_object_get_int_member_with_default(waiting, "address", 0),
        (double)json_object_get_int_member_with_default(waiting, "ns", 0) / 1e9);
}

static char *device_excuse(VmbQmp *qmp, JsonObject *device, GError **error)
{
    const char *id = json_object_get_string_member_with_default(device, "name", "");
    const char *type = json_object_get_string_member_with_default(device, "type", "");

    if (!g_str_equal(type, "child<vmmio>")) {
        return NULL;
    }
    g_autofree char *path = g_strdup_printf(DEVICES "/%s", id);
    g_autoptr(JsonNode) stats = vmb_qmp_get(qmp, path, "stats", error);

    return access_excuse(id, object_of(stats));
}

static char *handler_excuse(VmbQmp *qmp, GError **error)
{
    JsonObject *arguments = json_object_new();
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(GError) cause = NULL;
    char *why = NULL;

    json_object_set_string_member(arguments, "path", DEVICES);
    node = vmb_qmp_call(qmp, "qom-list", arguments, error);
    if (node == NULL || !JSON_NODE_HOLDS_ARRAY(node)) {
        return NULL;
    }
    JsonArray *devices = json_node_get_array(node);

    for (guint i = 0; why == NULL && cause == NULL && i < json_array_get_length(devices); i++) {
        why = device_excuse(qmp, json_array_get_object_element(devices, i), &cause);
    }
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
    }
    return why;
}

char *vmb_excuse_ask(VmbQmp *qmp, GError **error)
{
    g_autoptr(GError) cause = NULL;
    char *why = pause_excuse(qmp, &cause);

    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    return why != NULL ? why : handler_excuse(qmp, error);
}
