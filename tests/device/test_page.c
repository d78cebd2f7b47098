/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What docs/device.md and docs/debugging.md say of the device, compared with the device. */
#include "device.h"
#include "tap.h"
#include "tls_peer.h"

#include <glib/gstdio.h>
#include <string.h>

/* The text behind a line of a page up to the next line that begins with `end`. Free it. */
static char *part_of(const char *page, const char *line, const char *end)
{
    g_autofree char *path = g_build_filename(g_getenv("DOCS"), page, NULL);
    g_autofree char *stop = g_strconcat("\n", end, NULL);
    g_autofree char *text = NULL;
    const char *from;
    const char *to;

    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    from = strstr(text, line);
    ck_assert_msg(from, "no line '%s' in %s", line, page);
    from = strchr(from, '\n') + 1;
    to = strstr(from, stop);
    ck_assert_ptr_nonnull(to);
    return g_strndup(from, (gsize)(to + 1 - from));
}

/* The fenced block behind a line of docs/device.md. The caller frees it. */
static char *block_of(const char *line)
{
    g_autofree char *text = part_of("device.md", line, "```\n");

    return g_strdup(strchr(text, '\n') + 1);
}

/* A property's default as the page writes it: numbers may be hexadecimal there. */
static bool is_default(JsonObject *property, const char *written)
{
    JsonNode *value = json_object_get_member(property, "default-value");

    if (!value) {
        return strcmp(written, "none") == 0;
    }
    if (json_node_get_value_type(value) == G_TYPE_STRING) {
        return strcmp(written, json_node_get_string(value)) == 0;
    }
    if (json_node_get_value_type(value) == G_TYPE_BOOLEAN) {
        return strcmp(written, json_node_get_boolean(value) ? "on" : "off") == 0;
    }
    return g_ascii_strtoll(written, NULL, 0) == json_node_get_int(value);
}

/* A row of the table: "| `name` | type | default | ...". */
static void check_row(JsonObject *property, const char *table)
{
    const char *name = json_object_get_string_member(property, "name");
    g_autofree char *begin = g_strdup_printf("| `%s` | ", name);
    const char *row = strstr(table, begin);

    ck_assert_msg(row, "docs/device.md has no property %s", name);
    g_auto(GStrv) cells = g_strsplit(row + strlen(begin), " | ", 3);

    ck_assert_str_eq(cells[0], json_object_get_string_member(property, "type"));
    ck_assert_msg(is_default(property, cells[1]), "%s: default %s", name, cells[1]);
}

static unsigned count_rows(const char *table)
{
    unsigned rows = 0;

    for (const char *at = table; (at = strstr(at, "\n| `")); at++) {
        rows++;
    }
    return rows;
}

START_TEST(properties)
{
    g_autofree char *table = part_of("device.md", "## Properties", "##");
    g_autoptr(JsonArray) list = NULL;
    struct qtest vm;

    device_start(&vm, "");
    list = qmp_execute_array(&vm, "{\"execute\": \"device-list-properties\", "
                                  "\"arguments\": {\"typename\": \"vmmio\"}}");
    for (guint i = 0; i < json_array_get_length(list); i++) {
        check_row(json_array_get_object_element(list, i), table);
    }
    ck_assert_uint_eq(count_rows(table), json_array_get_length(list));
    qtest_stop(&vm);
}
END_TEST

static void remove_keys(const char *dir)
{
    g_autofree char *keys = g_build_filename(dir, "keys", NULL);
    g_autoptr(GDir) files = g_dir_open(keys, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(files))) {
        g_autofree char *path = g_build_filename(keys, name, NULL);

        g_remove(path);
    }
    g_rmdir(keys);
    ck_assert_int_eq(g_rmdir(dir), 0);
}

/* Do in a new directory what the page says, and return its path. The caller frees it. */
static char *make_keys(void)
{
    char *dir = g_dir_make_tmp("vmmio-page-XXXXXX", NULL);
    g_autofree char *commands = block_of("<!-- run: keys -->");
    char *argv[] = { "/bin/sh", "-ec", commands, NULL };
    int status = -1;

    ck_assert(g_spawn_sync(dir, argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                           &status, NULL));
    ck_assert_msg(g_spawn_check_wait_status(status, NULL), "the page's commands fail");
    return dir;
}

static void start_with_options(struct qtest *vm, const char *kind, const char *keys)
{
    g_autofree char *line = g_strdup_printf("<!-- options: %s -->", kind);
    g_autofree char *dir = g_strdup_printf("dir=%s", keys);
    g_autofree char *block = block_of(line);
    g_autoptr(GString) options = g_string_new(g_strchomp(block));

    ck_assert_uint_eq(g_string_replace(options, "dir=keys", dir, 0), 1);
    ck_assert_uint_eq(g_string_replace(options, "0.0.0.0:4300", "127.0.0.1:0", 0), 1);
    ck_assert_uint_eq(g_string_replace(options, "vmmio,", "vmmio,id=vmmio0,", 0), 1);
    qtest_start(vm, "aarch64", DEVICE_VIRT " -accel qtest %s", options->str);
    qmp_open(vm);
}

static void connect_with_keys(struct qtest *vm, const char *kind, const char *keys,
                              struct peer *peer)
{
    g_autofree char *endpoint = qmp_get_string(vm, "/machine/peripheral/vmmio0", "endpoint");
    g_autofree char *path = g_build_filename(keys, "keys.psk", NULL);
    g_autofree char *psk = NULL;

    ck_assert(g_file_get_contents(path, &psk, NULL, NULL));
    if (strcmp(kind, "psk") == 0) {
        tls_peer_open_psk(peer, endpoint, strchr(g_strchomp(psk), ':') + 1);
    } else {
        tls_peer_open_x509(peer, endpoint, keys, keys);
    }
    ck_assert(tls_peer_handshake(peer));
}

static const char *const kinds[] = { "psk", "x509" };

START_TEST(keys)
{
    g_autofree char *dir = make_keys();
    g_autofree char *made = g_build_filename(dir, "keys", NULL);
    struct qtest vm;
    struct peer peer;

    start_with_options(&vm, kinds[_i], made);
    connect_with_keys(&vm, kinds[_i], made, &peer);
    device_claim(&vm, &peer, 1);
    device_check_read(&vm, &peer);
    peer_close(&peer);
    qtest_stop(&vm);
    remove_keys(dir);
}
END_TEST

/* Standard error less the clients' ports. The caller frees it. */
static char *without_ports(const char *text)
{
    g_autoptr(GRegex) port = g_regex_new("127\\.0\\.0\\.1:[0-9]+", 0, 0, NULL);

    return g_regex_replace_literal(port, text, -1, 0, "HANDLER", 0, NULL);
}

/* The session of docs/debugging.md: an access before, a store of 0x08070605 and a load. */
static char *trace_session(void)
{
    g_autofree char *text = NULL;
    uint8_t packet[PEER_PACKET];
    struct peer peer;
    struct qtest vm;

    qtest_start(&vm, "aarch64", DEVICE_VIRT " -accel qtest -trace vmmio_packet "
                "-device vmmio,id=vmmio0,listen=127.0.0.1:0");
    qmp_open(&vm);
    device_connect_and_claim(&vm, &peer);
    device_check_read(&vm, &peer);
    qtest_send_write(&vm, 4, DEVICE_BASE + 4, 0x08070605);
    peer_receive(&peer, packet);
    peer_send(&peer, packet, sizeof(packet));
    g_free(qtest_answer(&vm));
    qtest_send_read(&vm, 4, DEVICE_BASE + 4);
    peer_receive(&peer, packet);
    peer_answer(&peer, packet, UINT64_C(0xaaaaaaaa08070605));
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x08070605);
    text = qtest_stderr(&vm);
    peer_close(&peer);
    qtest_stop(&vm);
    return without_ports(text);
}

START_TEST(trace)
{
    g_autofree char *part = part_of("debugging.md", "From a real run", "`data` is");
    g_autofree char *written = without_ports(part);
    g_autofree char *got = trace_session();
    g_auto(GStrv) lines = g_strsplit(g_strstrip(written), "\n", -1);
    const char *rest = got;

    ck_assert_uint_eq(g_strv_length(lines), 4);
    for (unsigned i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);
        const char *found = strstr(rest, line);

        ck_assert_msg(found, "no line '%s' in: %s", line, rest);
        rest = found + strlen(line); /* the next line is another one, equal or not */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page");
    TCase *tcase = tcase_create("page");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_test(tcase, properties);
    tcase_add_loop_test(tcase, keys, 0, G_N_ELEMENTS(kinds));
    tcase_add_test(tcase, trace);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
