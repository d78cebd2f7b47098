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
    g_free(result);
}

void vmb_result_fail(VmbResult *result, const GError *error)
{
    result->status = error->domain == VMB_ERROR ? error->code : VMB_ERROR_SETUP;
    g_free(result->message);
    result->message = g_strdup(error->message);
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
    json_object_set_boolean_member(object, "restored", result->restored);
    json_object_set_int_member(object, "attempts", result->attempts);
    set_text(object, "logs", result->logs);
    set_text(object, "note", result->note);
    return object;
}

static char *get_text(JsonObject *object, const char *name)
{
    return g_strdup(json_object_get_string_member_with_default(object, name, NULL));
}

VmbResult *vmb_result_from_json(JsonObject *object)
{
    VmbResult *result;

    if (!json_object_has_member(object, "status")) {
        return NULL;
    }
    result = vmb_result_new();
    result->status = (int)json_object_get_int_member_with_default(object, "status", 0);
    result->message = get_text(object, "message");
    result->details = get_text(object, "details");
    result->step = get_text(object, "step");
    result->file = get_text(object, "file");
    result->line = (guint)json_object_get_int_member_with_default(object, "line", 0);
    result->seconds = json_object_get_double_member_with_default(object, "seconds", 0);
    result->boot = json_object_get_double_member_with_default(object, "boot", 0);
    result->restored = json_object_get_boolean_member_with_default(object, "restored", FALSE);
    result->attempts = (guint)json_object_get_int_member_with_default(object, "attempts", 1);
    result->logs = get_text(object, "logs");
    result->note = get_text(object, "note");
    return result;
}
