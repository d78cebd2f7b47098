/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "requests.h"

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "stream.h"

#define TIMEOUT_SECONDS 60.0
#define TIMEOUT_MAX_SECONDS 86400.0
#define FORM \
    "it is {\"run\": [PROGRAM, ARGUMENT...]} or {\"wait\": \"claim\" or \"release\"}, with " \
    "\"timeout\": SECONDS or without, on one line"

struct VmbRequests {
    VmbAlarm *alarm;
    VmbStream *input;
    GByteArray *unread;
    gboolean ended;
};

void vmb_request_free(VmbRequest *request)
{
    g_strfreev(request->argv);
    g_free(request);
}

/* The strings of the array `run`; NULL when there is none, or something else is in it. */
static char **parse_argv(JsonObject *object)
{
    JsonNode *node = json_object_get_member(object, "run");
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    guint length = node != NULL && JSON_NODE_HOLDS_ARRAY(node)
                       ? json_array_get_length(json_node_get_array(node)) : 0;

    for (guint i = 0; i < length; i++) {
        JsonNode *word = json_array_get_element(json_node_get_array(node), i);

        if (!JSON_NODE_HOLDS_VALUE(word) || json_node_get_value_type(word) != G_TYPE_STRING) {
            return NULL;
        }
        g_strv_builder_add(builder, json_node_get_string(word));
    }
    return length > 0 ? g_strv_builder_end(builder) : NULL;
}

/* "claim" or "release"; NULL when there is no "wait", or another. */
static const char *parse_wait(JsonObject *object)
{
    static const char *const events[] = {"claim", "release", NULL};
    JsonNode *node = json_object_get_member(object, "wait");
    const char *event = node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node)
                                                                      : NULL;

    return event != NULL && g_strv_contains(events, event) ? event : NULL;
}

/* 0: it is no such time. */
static guint parse_timeout(JsonObject *object)
{
    JsonNode *node = json_object_get_member(object, "timeout");
    double seconds = TIMEOUT_SECONDS;

    if (node != NULL) {
        GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_NONE;

        seconds = type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? json_node_get_double(node) : 0;
    }
    return seconds > 0 && seconds <= TIMEOUT_MAX_SECONDS ? (guint)(seconds * 1000 + 1) : 0;
}

VmbRequest *vmb_request_parse(const char *line, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(VmbRequest) request = g_new0(VmbRequest, 1);
    const char *wait = NULL;
    JsonNode *root = NULL;

    if (json_parser_load_from_data(parser, line, -1, NULL)) {
        root = json_parser_get_root(parser);
    }
    if (root != NULL && JSON_NODE_HOLDS_OBJECT(root)) {
        request->argv = parse_argv(json_node_get_object(root));
        wait = parse_wait(json_node_get_object(root));
        request->claimed = g_strcmp0(wait, "claim") == 0;
        request->timeout_ms = parse_timeout(json_node_get_object(root));
    }
    /* One of them, and not both. */
    if ((request->argv == NULL) == (wait == NULL) || request->timeout_ms == 0) {
        g_autofree char *shown = g_utf8_make_valid(line, -1);

        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "'%.200s' is no request: " FORM, shown);
        return NULL;
    }
    return g_steal_pointer(&request);
}

static void on_bytes(gpointer data, const guint8 *bytes, gsize len)
{
    VmbRequests *requests = data;

    g_byte_array_append(requests->unread, bytes, (guint)len);
    vmb_stream_pause(requests->input, requests->unread->len > VMB_REQUEST_MAX);
}

static void on_closed(gpointer data)
{
    ((VmbRequests *)data)->ended = TRUE;
}

static const VmbStreamEvents events = {on_bytes, on_closed};

VmbRequests *vmb_requests_new(int fd, VmbAlarm *alarm)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    VmbRequests *requests;

    if (copy < 0) {
        return NULL;
    }
    requests = g_new0(VmbRequests, 1);
    requests->alarm = alarm;
    requests->unread = g_byte_array_new();
    requests->input = vmb_stream_new(copy, &events, requests);
    return requests;
}

void vmb_requests_free(VmbRequests *requests)
{
    vmb_stream_free(requests->input);
    g_byte_array_unref(requests->unread);
    g_free(requests);
}

/* Without bytes the array may have no memory yet. */
static const guint8 *end_of_line(const VmbRequests *requests)
{
    const GByteArray *unread = requests->unread;

    return unread->len > 0 ? memchr(unread->data, '\n', unread->len) : NULL;
}

static gboolean has_line(gpointer data)
{
    const VmbRequests *requests = data;

    return requests->ended || requests->unread->len > VMB_REQUEST_MAX ||
           end_of_line(requests) != NULL;
}

gboolean vmb_requests_next(VmbRequests *requests, VmbRequest **request, GError **error)
{
    VmbLimit none = {0, VMB_ERROR_USAGE, ""};
    const guint8 *end;

    *request = NULL;
    if (!vmb_wait(requests->alarm, has_line, requests, none, error)) {
        return FALSE;
    }
    end = end_of_line(requests);
    if (end == NULL && requests->unread->len == 0) {
        return TRUE;
    }
    if (end == NULL || end - requests->unread->data > VMB_REQUEST_MAX) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "a request without an end, or of more than %d bytes: " FORM, VMB_REQUEST_MAX);
        return FALSE;
    }
    gsize len = (gsize)(end - requests->unread->data);
    g_autofree char *line = g_strndup((const char *)requests->unread->data, len);

    g_byte_array_remove_range(requests->unread, 0, (guint)len + 1);
    vmb_stream_pause(requests->input, requests->unread->len > VMB_REQUEST_MAX);
    *request = vmb_request_parse(line, error);
    return *request != NULL;
}
