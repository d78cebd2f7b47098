/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP events: who holds a range, and accesses that were not answered in time. */
#include "device.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define SECOND_NS "1000000000"

/* The peer's own address, as QEMU sees it. The caller frees it. */
static char *name_of(const struct peer *peer)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);

    ck_assert_int_eq(getsockname(peer->fd, (struct sockaddr *)&address, &len), 0);
    return g_strdup_printf("127.0.0.1:%u", ntohs(address.sin_port));
}

/* The members that all events have; `client` by the name that it had. */
static void check_origin(JsonObject *data, const char *id, uint64_t start, const char *client)
{
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);

    ck_assert_str_eq(json_object_get_string_member(data, "qom-path"), path);
    ck_assert_str_eq(json_object_get_string_member(data, "id"), id);
    ck_assert_uint_eq((uint64_t)json_object_get_int_member(data, "start"), start);
    ck_assert_str_eq(json_object_get_string_member(data, "client"), client);
}

static void expect_change(struct qtest *vm, const char *event, const char *id, uint64_t start,
                          const char *client)
{
    g_autoptr(JsonObject) data = qmp_expect_event(vm, event);

    check_origin(data, id, start, client);
    ck_assert_uint_eq(json_object_get_size(data), 4);
}

static void expect_timeout(struct qtest *vm, const char *id, uint64_t start, const char *client,
                           uint64_t addr, unsigned size, bool write)
{
    g_autoptr(JsonObject) data = qmp_expect_event(vm, "VMMIO_TIMED_OUT");

    check_origin(data, id, start, client);
    ck_assert_uint_eq((uint64_t)json_object_get_int_member(data, "address"), addr);
    ck_assert_int_eq(json_object_get_int_member(data, "size"), size);
    ck_assert(json_object_get_boolean_member(data, "write") == write);
}

START_TEST(claimed_and_released)
{
    g_autofree char *client = NULL;
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    client = name_of(&peer);
    peer_send_text(&peer, DEVICE_CLAIM_0);
    expect_change(&vm, "VMMIO_CLAIMED", "vmmio0", DEVICE_BASE, client);
    /* It has the range already: nothing new, so the next event is its going. */
    peer_send_text(&peer, DEVICE_CLAIM_0);
    peer_await_received(&peer);
    peer_close(&peer);
    expect_change(&vm, "VMMIO_RELEASED", "vmmio0", DEVICE_BASE, client);
    qtest_stop(&vm);
}
END_TEST

START_TEST(taken_over)
{
    g_autofree char *old_client = NULL;
    g_autofree char *new_client = NULL;
    struct qtest vm;
    struct peer old, new;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &old);
    device_connect(&vm, "vmmio0", &new);
    old_client = name_of(&old);
    new_client = name_of(&new);
    peer_send_text(&old, DEVICE_CLAIM_0);
    expect_change(&vm, "VMMIO_CLAIMED", "vmmio0", DEVICE_BASE, old_client);
    peer_send_text(&new, DEVICE_CLAIM_0);
    expect_change(&vm, "VMMIO_RELEASED", "vmmio0", DEVICE_BASE, old_client);
    expect_change(&vm, "VMMIO_CLAIMED", "vmmio0", DEVICE_BASE, new_client);
    /* The end of the old connection takes nothing from the new one. */
    peer_expect_closed(&old);
    peer_close(&new);
    expect_change(&vm, "VMMIO_RELEASED", "vmmio0", DEVICE_BASE, new_client);
    qtest_stop(&vm);
}
END_TEST

/* One client with both ranges of an endpoint. */
START_TEST(two_ranges)
{
    g_autofree char *client = NULL;
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "ping-ms=0"
                      " -device vmmio,id=vmmio1,listen=127.0.0.1:0,start=0x1000000000");
    device_connect(&vm, "vmmio0", &peer);
    client = name_of(&peer);
    peer_send_text(&peer, "01 00 00 80 00 00 00 00  f0");
    expect_change(&vm, "VMMIO_CLAIMED", "vmmio1", 0x1000000000, client);
    peer_send_text(&peer, DEVICE_CLAIM_0);
    expect_change(&vm, "VMMIO_CLAIMED", "vmmio0", DEVICE_BASE, client);
    peer_close(&peer);
    expect_change(&vm, "VMMIO_RELEASED", "vmmio0", DEVICE_BASE, client);
    expect_change(&vm, "VMMIO_RELEASED", "vmmio1", 0x1000000000, client);
    qtest_stop(&vm);
}
END_TEST

START_TEST(device_without_id)
{
    g_autoptr(JsonObject) data = NULL;
    g_autofree char *endpoint = NULL;
    struct qtest vm;
    struct peer peer;

    qtest_start(&vm, "aarch64", DEVICE_VIRT " -accel qtest -device vmmio,listen=127.0.0.1:0");
    qmp_open(&vm);
    endpoint = qmp_get_string(&vm, "/machine/peripheral-anon/device[0]", "endpoint");
    peer_connect(&peer, endpoint);
    peer_send_text(&peer, DEVICE_CLAIM_0);
    data = qmp_expect_event(&vm, "VMMIO_CLAIMED");
    ck_assert_str_eq(json_object_get_string_member(data, "qom-path"),
                     "/machine/peripheral-anon/device[0]");
    ck_assert(!json_object_has_member(data, "id"));
    qtest_stop(&vm);
}
END_TEST

static void step_clock(struct qtest *vm, const char *nanoseconds)
{
    qtest_send(vm, "clock_step %s", nanoseconds);
    g_free(qtest_answer(vm));
}

/* At most one a second: the first at once, of the others in that second the last at its end. */
START_TEST(timed_out)
{
    g_autofree char *client = NULL;
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=20,ping-ms=0");
    device_connect_and_claim(&vm, &peer);
    client = name_of(&peer);
    qtest_read(&vm, 4, DEVICE_BASE + 8);
    expect_timeout(&vm, "vmmio0", DEVICE_BASE, client, DEVICE_BASE + 8, 4, false);
    qtest_read(&vm, 1, DEVICE_BASE);
    qtest_write(&vm, 2, DEVICE_BASE + 0xffe, 1);
    qmp_run_without_event(&vm, "query-status", "VMMIO_TIMED_OUT");
    step_clock(&vm, SECOND_NS);
    expect_timeout(&vm, "vmmio0", DEVICE_BASE, client, DEVICE_BASE + 0xffe, 2, true);
    qtest_stop(&vm);
}
END_TEST

/* A device that times out all the time does not hide another one. */
START_TEST(timeouts_of_two_devices)
{
    g_autofree char *client = NULL;
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=20,ping-ms=0 -device vmmio,id=vmmio1,listen=127.0.0.1:0,"
                      "start=0x1000000000,timeout-ms=20");
    device_connect_and_claim(&vm, &peer);
    client = name_of(&peer);
    peer_send_text(&peer, "01 00 00 80 00 00 00 00  f0");
    device_await_claims(&vm, "vmmio1", 1);
    qtest_read(&vm, 4, DEVICE_BASE);
    qtest_read(&vm, 4, DEVICE_BASE);
    qtest_read(&vm, 8, 0x1000000000);
    expect_timeout(&vm, "vmmio0", DEVICE_BASE, client, DEVICE_BASE, 4, false);
    expect_timeout(&vm, "vmmio1", 0x1000000000, client, 0x1000000000, 8, false);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("events", claimed_and_released, taken_over, two_ranges, device_without_id,
                      timed_out, timeouts_of_two_devices);
}
