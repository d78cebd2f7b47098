/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmp.h"

#include <check.h>
#include <string.h>

/* The next message. The caller unrefs it. */
static JsonNode *receive(struct qtest *vm)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *line = g_data_input_stream_read_line(vm->qmp_answers, NULL, NULL, &error);
    JsonNode *message;

    if (!line) {
        qtest_fail(vm, "no answer over QMP: %s", error ? error->message : "QEMU is gone");
    }
    message = json_from_string(line, NULL);
    ck_assert_msg(message && JSON_NODE_HOLDS_OBJECT(message), "QMP sent no object: %s", line);
    return message;
}

/* In one piece: QEMU obeys as soon as it has the last brace, and `quit` ends it. */
static void send_line(struct qtest *vm, const char *line)
{
    g_autofree char *whole = g_strconcat(line, "\n", NULL);
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(vm->qmp));
    g_autoptr(GError) error = NULL;

    if (!g_output_stream_write_all(out, whole, strlen(whole), NULL, NULL, &error)) {
        qtest_fail(vm, "QEMU takes no QMP command: %s: %s", line, error->message);
    }
}

/* Send a request and return its answer, "return" or "error". The caller unrefs it. */
static JsonNode *exchange(struct qtest *vm, const char *line)
{
    send_line(vm, line);
    for (;;) {
        JsonNode *message = receive(vm);
        JsonObject *object = json_node_get_object(message);

        if (json_object_has_member(object, "return") || json_object_has_member(object, "error")) {
            return message;
        }
        json_node_unref(message);
    }
}

/* The same for one that must succeed. */
static JsonNode *request(struct qtest *vm, const char *line)
{
    JsonNode *answer = exchange(vm, line);

    if (json_object_has_member(json_node_get_object(answer), "error")) {
        qtest_fail(vm, "%s: %s", line, json_to_string(answer, FALSE));
    }
    return answer;
}

void qmp_open(struct qtest *vm)
{
    json_node_unref(receive(vm));
    qmp_run(vm, "qmp_capabilities");
}

void qmp_run(struct qtest *vm, const char *command)
{
    g_autofree char *line = g_strdup_printf("{\"execute\": \"%s\"}", command);

    json_node_unref(request(vm, line));
}

void qmp_execute(struct qtest *vm, const char *line)
{
    json_node_unref(request(vm, line));
}

JsonArray *qmp_execute_array(struct qtest *vm, const char *line)
{
    g_autoptr(JsonNode) answer = request(vm, line);
    JsonObject *object = json_node_get_object(answer);

    return json_array_ref(json_object_get_array_member(object, "return"));
}

void qmp_execute_fails(struct qtest *vm, const char *line)
{
    g_autoptr(JsonNode) answer = exchange(vm, line);

    if (!json_object_has_member(json_node_get_object(answer), "error")) {
        qtest_fail(vm, "%s: no error", line);
    }
}

/* "" when the message is no event. */
static const char *event_name(JsonObject *message)
{
    return json_object_get_string_member_with_default(message, "event", "");
}

char *qmp_query_status(struct qtest *vm, const char *command)
{
    g_autofree char *line = g_strdup_printf("{\"execute\": \"%s\"}", command);
    g_autoptr(JsonNode) answer = request(vm, line);
    JsonObject *result = json_object_get_object_member(json_node_get_object(answer), "return");

    return g_strdup(json_object_get_string_member_with_default(result, "status", NULL));
}

void qmp_await_event(struct qtest *vm, const char *event)
{
    bool happened = false;

    while (!happened) {
        g_autoptr(JsonNode) message = receive(vm);

        happened = strcmp(event_name(json_node_get_object(message)), event) == 0;
    }
}

void qmp_run_until_event(struct qtest *vm, const char *command, const char *event)
{
    g_autofree char *line = g_strdup_printf("{\"execute\": \"%s\"}", command);

    qmp_execute_until_event(vm, line, event);
}

void qmp_execute_until_event(struct qtest *vm, const char *line, const char *event)
{
    bool answered = false, happened = false;

    send_line(vm, line);
    while (!answered || !happened) {
        g_autoptr(JsonNode) message = receive(vm);
        JsonObject *object = json_node_get_object(message);

        answered = answered || json_object_has_member(object, "return");
        happened = happened || strcmp(event_name(object), event) == 0;
    }
}

static JsonNode *get(struct qtest *vm, const char *path, const char *property)
{
    g_autofree char *line = g_strdup_printf("{\"execute\": \"qom-get\", \"arguments\": "
                                            "{\"path\": \"%s\", \"property\": \"%s\"}}",
                                            path, property);

    return request(vm, line);
}

char *qmp_get_string(struct qtest *vm, const char *path, const char *property)
{
    g_autoptr(JsonNode) answer = get(vm, path, property);

    return g_strdup(json_object_get_string_member(json_node_get_object(answer), "return"));
}

bool qmp_get_bool(struct qtest *vm, const char *path, const char *property)
{
    g_autoptr(JsonNode) answer = get(vm, path, property);

    return json_object_get_boolean_member(json_node_get_object(answer), "return");
}

uint64_t qmp_get_uint(struct qtest *vm, const char *path, const char *property)
{
    g_autoptr(JsonNode) answer = get(vm, path, property);

    return (uint64_t)json_object_get_int_member(json_node_get_object(answer), "return");
}

JsonObject *qmp_get_object(struct qtest *vm, const char *path, const char *property)
{
    g_autoptr(JsonNode) answer = get(vm, path, property);
    JsonObject *object = json_node_get_object(answer);

    return json_object_ref(json_object_get_object_member(object, "return"));
}

JsonObject *qmp_expect_event(struct qtest *vm, const char *event)
{
    g_autoptr(JsonNode) message = receive(vm);
    JsonObject *object = json_node_get_object(message);

    ck_assert_str_eq(event_name(object), event);
    return json_object_ref(json_object_get_object_member(object, "data"));
}

void qmp_run_without_event(struct qtest *vm, const char *command, const char *event)
{
    g_autofree char *line = g_strdup_printf("{\"execute\": \"%s\"}", command);

    send_line(vm, line);
    for (;;) {
        g_autoptr(JsonNode) message = receive(vm);
        JsonObject *object = json_node_get_object(message);

        if (json_object_has_member(object, "return")) {
            return;
        }
        ck_assert_str_ne(event_name(object), event);
    }
}

char *qmp_find_unattached(struct qtest *vm, const char *type)
{
    g_autoptr(JsonNode) answer = request(vm, "{\"execute\": \"qom-list\", \"arguments\": "
                                             "{\"path\": \"/machine/unattached\"}}");
    JsonArray *children = json_object_get_array_member(json_node_get_object(answer), "return");
    g_autofree char *wanted = g_strdup_printf("child<%s>", type);

    for (guint i = 0; i < json_array_get_length(children); i++) {
        JsonObject *child = json_array_get_object_element(children, i);

        if (strcmp(json_object_get_string_member(child, "type"), wanted) == 0) {
            return g_strdup_printf("/machine/unattached/%s",
                                   json_object_get_string_member(child, "name"));
        }
    }
    ck_abort_msg("no %s in /machine/unattached", type);
}

char *qmp_human(struct qtest *vm, const char *command_line)
{
    g_autofree char *line = g_strdup_printf("{\"execute\": \"human-monitor-command\", "
                                            "\"arguments\": {\"command-line\": \"%s\"}}",
                                            command_line);
    g_autoptr(JsonNode) answer = request(vm, line);

    return g_strdup(json_object_get_string_member(json_node_get_object(answer), "return"));
}
