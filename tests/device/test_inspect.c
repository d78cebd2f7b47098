/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU tells about the device's properties: help, info qtree, and what cannot be set. */
#include "device.h"
#include "tap.h"

#include <string.h>

static const struct {
    const char *name;
    const char *type;
    const char *description; /* its beginning */
    const char *value;       /* in info qtree; NULL: not there */
    const char *other;       /* JSON that is to be refused when the device is there */
} properties[] = {
    { "start", "size", "guest-physical address", "1099511627776 (1 TiB)", "4096" },
    { "size", "size", "bytes of the range", "8192 (8 KiB)", "4096" },
    { "irq", "str", "interrupt numbers", "\"80:90\"", "\"81\"" },
    { "listen", "str", "HOST:PORT", "\"127.0.0.1:0\"", "\"127.0.0.1:1\"" },
    { "tls-creds", "str", "id of a tls-creds object", "\"\"", "\"x\"" },
    { "tls-authz", "str", "id of an authz object", "\"\"", "\"x\"" },
    { "dma-ranges", "str", "START-END", "\"0x40000000-0x40000fff\"", "\"none\"" },
    { "max-connections", "uint32", "clients at a time", "7 (0x7)", "8" },
    { "timeout-ms", "uint32", "how long an access may wait", "1234 (0x4d2)", "1" },
    { "on-timeout", "str", "fill, error or wait", "\"error\"", "\"fill\"" },
    { "on-disconnect", "str", "fill, error or wait", "\"wait\"", "\"fill\"" },
    { "posted-writes", "bool", "writes do not wait", "true", "false" },
    { "poll-us", "uint32", "how long a vCPU looks", "25 (0x19)", "1" },
    { "ping-ms", "uint32", "silence after which", "0 (0x0)", "1" },
    { "endpoint", "string", "address really bound", NULL, "\"x\"" },
    { "handler-connected", "bool", "a claim is in effect", NULL, "true" },
    { "claims", "uint64", "claims accepted", NULL, "1" },
    { "stats", "VmmioStats", "counters and latencies", NULL, "{}" },
};

#define VALUES                                                                                     \
    "start=0x10000000000,size=0x2000,irq=80:90,dma-ranges=0x40000000-0x40000fff,"                  \
    "max-connections=7,timeout-ms=1234,on-timeout=error,on-disconnect=wait,posted-writes=on,"      \
    "poll-us=25,ping-ms=0"

/* The member of the list that has this name. Borrowed. */
static JsonObject *find(JsonArray *list, const char *name)
{
    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonObject *member = json_array_get_object_element(list, i);

        if (strcmp(json_object_get_string_member(member, "name"), name) == 0) {
            return member;
        }
    }
    ck_abort_msg("no property %s", name);
}

START_TEST(every_property_is_described)
{
    g_autoptr(JsonArray) list = NULL;
    struct qtest vm;

    device_start(&vm, "");
    list = qmp_execute_array(&vm, "{\"execute\": \"device-list-properties\", "
                                  "\"arguments\": {\"typename\": \"vmmio\"}}");
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
        JsonObject *property = find(list, properties[i].name);
        const char *text =
            json_object_get_string_member_with_default(property, "description", "");

        ck_assert_str_eq(json_object_get_string_member(property, "type"), properties[i].type);
        ck_assert_msg(g_str_has_prefix(text, properties[i].description), "%s is described as: %s",
                      properties[i].name, text);
    }
    qtest_stop(&vm);
}
END_TEST

START_TEST(qtree_has_the_values)
{
    g_autofree char *tree = NULL;
    struct qtest vm;

    device_start(&vm, VALUES);
    tree = qmp_human(&vm, "info qtree");
    ck_assert_ptr_nonnull(strstr(tree, "dev: vmmio, id \"vmmio0\""));
    ck_assert_ptr_nonnull(strstr(tree, "mmio 0000010000000000/0000000000002000"));
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
        g_autofree char *line = g_strdup_printf("    %s = %s\r\n", properties[i].name,
                                                properties[i].value);

        ck_assert_msg(!properties[i].value || strstr(tree, line), "no line '%s'", line);
    }
    qtest_stop(&vm);
}
END_TEST

START_TEST(nothing_can_be_set)
{
    struct qtest vm;

    device_start(&vm, VALUES);
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
        g_autofree char *line = g_strdup_printf(
            "{\"execute\": \"qom-set\", \"arguments\": {\"path\": \"/machine/peripheral/vmmio0\", "
            "\"property\": \"%s\", \"value\": %s}}", properties[i].name, properties[i].other);

        qmp_execute_fails(&vm, line);
    }
    ck_assert_uint_eq(qmp_get_uint(&vm, "/machine/peripheral/vmmio0", "timeout-ms"), 1234);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("inspect", every_property_is_described, qtree_has_the_values,
                      nothing_can_be_set);
}
