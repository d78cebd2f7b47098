/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PING: to the holder of a range, after silence, one at a time. */
#include "device.h"

/* All 64 bytes are zero: opcode 0x00, range 0, tag 0. */
#define PING "00"

#define PING_MS 100

START_TEST(silent_holder_is_pinged)
{
    uint8_t ping[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "ping-ms=100");
    device_connect_and_claim(&vm, &peer);
    for (unsigned i = 0; i < 3; i++) {
        peer_expect(&peer, PING, ping);
        peer_send(&peer, ping, sizeof(ping));
    }
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

START_TEST(not_before_the_time)
{
    struct qtest vm;
    struct peer peer;
    gint64 claimed;

    device_start(&vm, "ping-ms=500");
    claimed = g_get_monotonic_time();
    device_connect_and_claim(&vm, &peer);
    peer_expect(&peer, PING, NULL);
    ck_assert_int_ge((g_get_monotonic_time() - claimed) / 1000, 500);
    qtest_stop(&vm);
}
END_TEST

/* A handler may be in a debugger: no echo, no second PING, and no harm. */
START_TEST(one_is_outstanding)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "ping-ms=100");
    device_connect_and_claim(&vm, &peer);
    peer_expect(&peer, PING, NULL);
    peer_expect_silence(&peer, 5 * PING_MS);
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

/* By the time that the holder has three PINGs, the idle connection would have one. */
START_TEST(idle_connection_is_not_pinged)
{
    uint8_t ping[PEER_PACKET];
    struct qtest vm;
    struct peer idle, holder;

    device_start(&vm, "ping-ms=100");
    device_connect(&vm, "vmmio0", &idle);
    device_connect_and_claim(&vm, &holder);
    for (unsigned i = 0; i < 3; i++) {
        peer_expect(&holder, PING, ping);
        peer_send(&holder, ping, sizeof(ping));
    }
    peer_expect_silence(&idle, 0);
    qtest_stop(&vm);
}
END_TEST

START_TEST(never_with_0)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "ping-ms=0");
    device_connect_and_claim(&vm, &peer);
    peer_expect_silence(&peer, 500);
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

/* An echo answers no access, although its tag may be that of one. */
START_TEST(echo_in_a_waiting_read)
{
    uint8_t request[PEER_PACKET], ping[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "ping-ms=100,timeout-ms=0");
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_expect(&peer, PING, ping);
    peer_answer(&peer, ping, 0xbad);
    peer_expect(&peer, PING, ping);
    peer_answer(&peer, request, 0x900d);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x900d);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("ping", silent_holder_is_pinged, not_before_the_time, one_is_outstanding,
                      idle_connection_is_not_pinged, never_with_0, echo_in_a_waiting_read);
}
