/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "result.h"

VmbResult *vmb_result_new(void)
{
    VmbResult *result = g_new0(VmbResult, 1);

    result->attempts = 1;
    return result;
}

void vmb_result_free(VmbResult *result)
{
    g_free(result->message);
    g_free(result->details);
    g_free(result->step);
    g_free(result->file);
    g_free(result->logs);
    g_free(result->note);
    g_clear_pointer(&result->before, vmb_result_free);
    g_free(result);
}

void vmb_result_fail(VmbResult *result, const GError *error)
{
    result->status = error->domain == VMB_ERROR ? error->code : VMB_ERROR_SETUP;
    g_free(result->message);
    result->message = g_strdup(error->message);
}

void vmb_result_add_note(VmbResult *result, const char *format, ...)
{
    g_autofree char *before = g_steal_pointer(&result->note);
    g_autofree char *note = NULL;
    va_list arguments;

    va_start(arguments, format);
    note = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    result->note = g_strconcat(before != NULL ? before : "", before != NULL ? "; " : "", note, NULL);
}

void vmb_result_retried(VmbResult *result, VmbResult *before)
{
    result->before = before;
    result->attempts = before->attempts + 1;
}

void vmb_result_must_run(VmbResult *result)
{
    const char *value = g_getenv("VMBENCH_MUST_RUN");
    g_autofree char *why = NULL;

    if (result->status != VMB_ERROR_SKIPPED || value == NULL || value[0] == '\0' ||
        g_str_equal(value, "0")) {
        return;
    }
    why = g_steal_pointer(&result->message);
    result->status = VMB_ERROR_SETUP;
    result->message = g_strdup_printf("skipped, which VMBENCH_MUST_RUN forbids: %s",
                                      why != NULL ? why : "nobody said why");
}

gboolean vmb_result_failed(const VmbResult *result)
{
    return result->status != 0 && result->status != VMB_ERROR_SKIPPED;
}

gboolean vmb_result_is_flaky(const VmbResult *result)
{
    return result->status == 0 && result->attempts > 1;
}

const char *vmb_result_verdict(const VmbResult *result)
{
    return vmb_result_is_flaky(result) ? "flaky" : vmb_verdict_name(result->status);
}

/* ---- JSON ---- */

static void set_text(JsonObject *object, const char *name, const char *text)
{
    if (text != NULL) {
        g_autofree char *valid = g_utf8_make_valid(text, -1);

        json_object_set_string_member(object, name, valid);
    }
}

static const struct {
    const char *name;
    gsize offset;
} phases[] = {
    {"prepare", offsetof(VmbBootPhases, prepare)}, {"start", offsetof(VmbBootPhases, start)},
    {"load", offsetof(VmbBootPhases, load)},       {"agent", offsetof(VmbBootPhases, agent)},
    {"boot", offsetof(VmbBootPhases, boot)},       {"save", offsetof(VmbBootPhases, save)},
    {"failed", offsetof(VmbBootPhases, failed)},
};

/* Those that there were. */
static void set_phases(JsonObject *object, const VmbBootPhases *from)
{
    JsonObject *set = json_object_new();

    for (guint i = 0; i < G_N_ELEMENTS(phases); i++) {
        double seconds = G_STRUCT_MEMBER(double, from, phases[i].offset);

        if (seconds > 0) {
            json_object_set_double_member(set, phases[i].name, seconds);
        }
    }
    if (json_object_get_size(set) > 0) {
        json_object_set_object_member(object, "phases", json_object_ref(set));
    }
    json_object_unref(set);
}

static void get_phases(JsonObject *object, VmbBootPhases *to)
{
    JsonNode *node = json_object_get_member(object, "phases");

    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node)) {
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(phases); i++) {
        G_STRUCT_MEMBER(double, to, phases[i].offset) = json_object_get_double_member_with_default(
            json_node_get_object(node), phases[i].name, 0);
    }
}

JsonObject *vmb_result_to_json(const VmbResult *result)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "verdict", vmb_result_verdict(result));
    json_object_set_int_member(object, "status", result->status);
    set_text(object, "message", result->message);
    set_text(object, "details", result->details);
    set_text(object, "step", result->step);
    set_text(object, "file", result->file);
    json_object_set_int_member(object, "line", result->line);
    json_object_set_double_member(object, "seconds", result->seconds);
    json_object_set_double_member(object, "boot", result->boot);
    set_phases(object, &result->phases);
    json_object_set_boolean_member(object, "restored", result->restored);
    json_object_set_int_member(object, "attempts", result->attempts);
    set_text(object, "logs", result->logs);
    set_text(object, "note", result->note);
    if (result->before != NULL) {
        json_object_set_object_member(object, "before", vmb_result_to_json(result->before));
    }
    return object;
}

static char *get_text(JsonObject *object, const char *name)
{
    return g_strdup(json_object_get_string_member_with_default(object, name, NULL));
}

static VmbResult *get_before(JsonObject *object)
{
    JsonNode *node = json_object_get_member(object, "before");

    return node != NULL && JSON_NODE_HOLDS_OBJECT(node)
               ? vmb_result_from_json(json_node_get_object(node)) : NULL;
}

static gboolean has(JsonObject *object, const char *name, GType type)
{
    JsonNode *node = json_object_get_member(object, name);

    return node != NULL && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

VmbResult *vmb_result_from_json(JsonObject *object)
{
    VmbResult *result;

    if (!has(object, "status", G_TYPE_INT64)) {
        return NULL; /* 0 would be a pass */
    }
    result = vmb_result_new();
    result->status = (int)json_object_get_int_member(object, "status");
    result->message = get_text(object, "message");
    result->details = get_text(object, "details");
    result->step = get_text(object, "step");
    result->file = get_text(object, "file");
    result->line = (guint)json_object_get_int_member_with_default(object, "line", 0);
    result->seconds = json_object_get_double_member_with_default(object, "seconds", 0);
    result->boot = json_object_get_double_member_with_default(object, "boot", 0);
    get_phases(object, &result->phases);
    result->restored = json_object_get_boolean_member_with_default(object, "restored", FALSE);
    result->attempts = (guint)json_object_get_int_member_with_default(object, "attempts", 1);
    result->logs = get_text(object, "logs");
    result->note = get_text(object, "note");
    result->before = get_before(object);
    return result;
}
