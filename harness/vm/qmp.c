/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmp.h"

#include <string.h>

#include "stream.h"

#define REPLY_MS 5000

/* A longer line than this is no answer to anything that the harness asks. */
#define LINE_MAX_BYTES (1024 * 1024)

/*
 * QEMU's end is seen here before its exit status is: leave the better report this time, before
 * scaling.
 */
#define CLOSED_GRACE_MS 500

struct VmbQmp {
    VmbStream *stream;
    VmbAlarm *alarm;
    VmbQmpEvent event;
    gpointer event_data;
    GByteArray *line;
    gboolean greeted;
    gboolean silent; /* it has let a command wait in vain, and has said nothing since */
    gint64 last_id;
    JsonNode *reply; /* the whole reply object to command last_id */
    guint closed_source;
    gboolean may_close;
};

static void protocol_error(VmbQmp *qmp, const char *problem)
{
    vmb_alarm_raise(qmp->alarm,
                    g_error_new(VMB_ERROR, VMB_ERROR_PROTOCOL,
                                "QMP: %s: is this QEMU's own monitor connection?", problem));
}

/* Replies to a command that was given up, or sent without interest, find no waiter. */
static void take_reply(VmbQmp *qmp, JsonNode *node)
{
    JsonNode *id = json_object_get_member(json_node_get_object(node), "id");

    if (id != NULL && JSON_NODE_HOLDS_VALUE(id) && json_node_get_int(id) == qmp->last_id &&
        qmp->reply == NULL) {
        qmp->reply = json_node_ref(node);
    }
}

static JsonObject *object_member(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static const char *string_member(JsonObject *object, const char *name)
{
    JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;

    return node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

static void take_object(VmbQmp *qmp, JsonNode *node)
{
    JsonObject *object = json_node_get_object(node);
    const char *event = string_member(object, "event");

    if (json_object_has_member(object, "QMP")) {
        qmp->greeted = TRUE;
    } else if (event != NULL) {
        if (qmp->event != NULL) {
            qmp->event(qmp->event_data, event, object_member(object, "data"));
        }
    } else if (json_object_has_member(object, "return") || object_member(object, "error")) {
        take_reply(qmp, node);
    } else {
        protocol_error(qmp, "an object that is no greeting, event or reply");
    }
}

static void take_line(VmbQmp *qmp)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) error = NULL;

    if (!json_parser_load_from_data(parser, (const char *)qmp->line->data, qmp->line->len,
                                    &error)) {
        protocol_error(qmp, "a line that is not JSON");
        return;
    }
    JsonNode *root = json_parser_get_root(parser);

    if (root == NULL) {
        return; /* a blank line */
    }
    if (!JSON_NODE_HOLDS_OBJECT(root)) {
        protocol_error(qmp, "a line that is not a JSON object");
        return;
    }
    take_object(qmp, root);
}

static void on_bytes(gpointer data, const guint8 *bytes, gsize len)
{
    VmbQmp *qmp = data;

    qmp->silent = FALSE;
    for (gsize i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            take_line(qmp);
            g_byte_array_set_size(qmp->line, 0);
        } else if (qmp->line->len < LINE_MAX_BYTES) {
            g_byte_array_append(qmp->line, &bytes[i], 1);
        } else {
            protocol_error(qmp, "a line of more than 1 MiB");
            return;
        }
    }
}

static gboolean on_closed_for_long(gpointer data)
{
    VmbQmp *qmp = data;

    qmp->closed_source = 0;
    vmb_alarm_raise(qmp->alarm, g_error_new(VMB_ERROR, VMB_ERROR_QEMU_DIED,
                                            "QEMU closed its QMP connection: see what it said"));
    return G_SOURCE_REMOVE;
}

static void on_closed(gpointer data)
{
    VmbQmp *qmp = data;

    if (!qmp->may_close) {
        guint ms = vmb_alarm_grace_ms(qmp->alarm, CLOSED_GRACE_MS);

        qmp->closed_source = g_timeout_add(ms, on_closed_for_long, qmp);
    }
}

void vmb_qmp_allow_close(VmbQmp *qmp)
{
    qmp->may_close = TRUE;
    g_clear_handle_id(&qmp->closed_source, g_source_remove);
}

void vmb_qmp_drain(VmbQmp *qmp)
{
    vmb_stream_drain(qmp->stream);
}

static const VmbStreamEvents qmp_events = {on_bytes, on_closed};

VmbQmp *vmb_qmp_new(int fd, VmbAlarm *alarm, VmbQmpEvent event, gpointer data)
{
    VmbQmp *qmp = g_new0(VmbQmp, 1);

    qmp->alarm = alarm;
    qmp->event = event;
    qmp->event_data = data;
    qmp->line = g_byte_array_new();
    qmp->stream = vmb_stream_new(fd, &qmp_events, qmp);
    return qmp;
}

void vmb_qmp_free(VmbQmp *qmp)
{
    g_clear_handle_id(&qmp->closed_source, g_source_remove);
    g_clear_pointer(&qmp->reply, json_node_unref);
    vmb_stream_free(qmp->stream);
    g_byte_array_unref(qmp->line);
    g_free(qmp);
}

static void send_command(VmbQmp *qmp, const char *command, JsonObject *arguments)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "execute", command);
    json_object_set_int_member(object, "id", ++qmp->last_id);
    if (arguments != NULL) {
        json_object_set_object_member(object, "arguments", arguments);
    }
    json_node_take_object(node, object);
    g_clear_pointer(&qmp->reply, json_node_unref);

    g_autofree char *text = json_to_string(node, FALSE);
    g_autofree char *line = g_strconcat(text, "\n", NULL);

    vmb_stream_send(qmp->stream, line, strlen(line));
}

static gboolean greeted_condition(gpointer data)
{
    return ((VmbQmp *)data)->greeted;
}

static gboolean replied_condition(gpointer data)
{
    return ((VmbQmp *)data)->reply != NULL;
}

static const VmbLimit reply_limit = {
    REPLY_MS, VMB_ERROR_QEMU_DIED,
    "QEMU does not answer over QMP: is the machine overloaded? try --timeout-scale 4"};

gboolean vmb_qmp_handshake(VmbQmp *qmp, GError **error)
{
    if (!vmb_wait(qmp->alarm, greeted_condition, qmp, reply_limit, error)) {
        return FALSE;
    }
    g_autoptr(JsonNode) node = vmb_qmp_call(qmp, "qmp_capabilities", NULL, error);

    return node != NULL;
}

static gboolean is_silent(VmbQmp *qmp)
{
    if (qmp->silent) {
        vmb_stream_drain(qmp->stream);
    }
    return qmp->silent;
}

/* Who is silent is not asked again: behind a failure there is more to ask, and each would wait as long. */
static gboolean ask(VmbQmp *qmp, const char *command, JsonObject *arguments, GError **error)
{
    if (is_silent(qmp)) {
        g_clear_pointer(&arguments, json_object_unref);
        g_set_error_literal(error, VMB_ERROR, (gint)reply_limit.code, reply_limit.message);
        return FALSE;
    }
    send_command(qmp, command, arguments);
    if (!vmb_wait(qmp->alarm, replied_condition, qmp, reply_limit, error)) {
        qmp->silent = vmb_alarm_error(qmp->alarm) == NULL;
        return FALSE;
    }
    return TRUE;
}

JsonNode *vmb_qmp_call(VmbQmp *qmp, const char *command, JsonObject *arguments, GError **error)
{
    if (!ask(qmp, command, arguments, error)) {
        return NULL;
    }
    JsonObject *reply = json_node_get_object(qmp->reply);
    JsonNode *returned = json_object_get_member(reply, "return");

    if (returned == NULL) {
        const char *description = string_member(object_member(reply, "error"), "desc");

        g_set_error(error, VMB_ERROR, VMB_ERROR_PROTOCOL, "QEMU refused %s: %s", command,
                    description != NULL ? description : "it does not say why");
        return NULL;
    }
    return json_node_ref(returned);
}

void vmb_qmp_send(VmbQmp *qmp, const char *command)
{
    send_command(qmp, command, NULL);
}

JsonNode *vmb_qmp_get(VmbQmp *qmp, const char *path, const char *property, GError **error)
{
    JsonObject *arguments = json_object_new();

    json_object_set_string_member(arguments, "path", path);
    json_object_set_string_member(arguments, "property", property);
    return vmb_qmp_call(qmp, "qom-get", arguments, error);
}
