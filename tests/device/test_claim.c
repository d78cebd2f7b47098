/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who answers for a range: claims, takeovers, and what is left when a handler goes. */
#include "device.h"

#include <string.h>

#define VMMIO0 "/machine/peripheral/vmmio0"

START_TEST(nothing_is_asked_before_the_claim)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0xaaaaaaaa);
    ck_assert(!qmp_get_bool(&vm, VMMIO0, "handler-connected"));
    ck_assert_uint_eq(qmp_get_uint(&vm, VMMIO0, "claims"), 0);
    /* The READ after the claim is the first packet that the peer gets. */
    device_claim(&vm, &peer, 1);
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

START_TEST(state_is_seen_over_qmp)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    ck_assert(qmp_get_bool(&vm, VMMIO0, "handler-connected"));
    peer_close(&peer);
    device_await_released(&vm);
    ck_assert_uint_eq(qmp_get_uint(&vm, VMMIO0, "claims"), 1);
    qtest_stop(&vm);
}
END_TEST

START_TEST(claiming_again_changes_nothing)
{
    struct qtest vm;
    struct peer peer;
    g_autofree char *printed = NULL;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    device_claim(&vm, &peer, 2);
    device_check_read(&vm, &peer);
    printed = qtest_stderr(&vm);
    ck_assert_str_eq(printed, "");
    qtest_stop(&vm);
}
END_TEST

START_TEST(newest_claim_wins)
{
    struct qtest vm;
    struct peer older, newer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &older);
    device_connect(&vm, "vmmio0", &newer);
    device_claim(&vm, &newer, 2);
    peer_expect_closed(&older);
    device_check_read(&vm, &newer);
    qtest_await_stderr(&vm, "range 0 is now claimed by");
    qtest_stop(&vm);
}
END_TEST

/* The end of the older connection must not release what the newer one holds. */
START_TEST(takeover_survives_the_older_client)
{
    struct qtest vm;
    struct peer older, newer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &older);
    device_connect(&vm, "vmmio0", &newer);
    device_claim(&vm, &newer, 2);
    peer_expect_closed(&older);
    peer_close(&older);
    for (unsigned i = 0; i < 20; i++) {
        device_check_read(&vm, &newer);
    }
    ck_assert(qmp_get_bool(&vm, VMMIO0, "handler-connected"));
    qtest_stop(&vm);
}
END_TEST

START_TEST(takeover_ends_a_waiting_access)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer older, newer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &older);
    device_connect(&vm, "vmmio0", &newer);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&older, DEVICE_READ_4, request);
    peer_send_text(&newer, DEVICE_CLAIM_0);
    peer_expect_closed(&older);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xaaaaaaaa);
    device_check_read(&vm, &newer);
    qtest_stop(&vm);
}
END_TEST

/* The connection is closed, and one line tells which claim was wrong. */
static void check_refused(const char *claim, const char *message)
{
    g_autofree char *printed = NULL;
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    peer_send_text(&peer, claim);
    peer_expect_closed(&peer);
    qtest_await_stderr(&vm, message);
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0xaaaaaaaa);
    ck_assert_uint_eq(qmp_get_uint(&vm, VMMIO0, "claims"), 0);
    printed = qtest_stderr(&vm);
    ck_assert_ptr_eq(strchr(printed, '\n'), printed + strlen(printed) - 1);
    device_check_fresh_client(&vm);
    qtest_stop(&vm);
}

/* What stands behind a wrong claim in the same write must not take the range from its handler. */
START_TEST(claims_behind_a_wrong_one_do_not_count)
{
    uint8_t claims[2 * PEER_PACKET];
    struct qtest vm;
    struct peer handler, wrong;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &handler);
    device_connect(&vm, "vmmio0", &wrong);
    peer_parse("09 00 00 80 00 00 00 00  f0", claims);
    peer_parse(DEVICE_CLAIM_0, claims + PEER_PACKET);
    peer_send(&wrong, claims, sizeof(claims));
    peer_expect_closed(&wrong);
    device_check_read(&vm, &handler);
    ck_assert_uint_eq(qmp_get_uint(&vm, VMMIO0, "claims"), 1);
    qtest_stop(&vm);
}
END_TEST

START_TEST(claim_of_range_1)
{
    check_refused("01 00 00 80 00 00 00 00  f0", "claims range 1, but there are only 1");
}
END_TEST

START_TEST(claim_of_range_7)
{
    check_refused("07 00 00 80 00 00 00 00  f0", "claims range 7, but there are only 1");
}
END_TEST

START_TEST(claim_of_range_255)
{
    check_refused("ff 00 00 80 00 00 00 00  f0", "claims range 255, but there are only 1");
}
END_TEST

/* A wrong second claim costs a client what it held, too. */
START_TEST(wrong_claim_releases)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    peer_send_text(&peer, "01 00 00 80 00 00 00 00  f0");
    peer_expect_closed(&peer);
    device_await_released(&vm);
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0xaaaaaaaa);
    qtest_stop(&vm);
}
END_TEST

START_TEST(disconnect_while_idle)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    device_check_read(&vm, &peer);
    peer_close(&peer);
    device_await_released(&vm);
    ck_assert_uint_eq(qtest_read(&vm, 8, DEVICE_BASE), DEVICE_UNCLAIMED);
    qtest_write(&vm, 8, DEVICE_BASE, 0);
    qtest_stop(&vm);
}
END_TEST

START_TEST(disconnect_in_a_read)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=0");
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_close(&peer);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xaaaaaaaa);
    device_await_released(&vm);
    qtest_stop(&vm);
}
END_TEST

/* The client dies with half a reply on its way. */
START_TEST(disconnect_in_a_reply)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=0");
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_send(&peer, request, 33);
    peer_close(&peer);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xaaaaaaaa);
    device_await_released(&vm);
    qtest_stop(&vm);
}
END_TEST

START_TEST(disconnect_in_a_write)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=0");
    device_connect_and_claim(&vm, &peer);
    qtest_send_write(&vm, 4, DEVICE_BASE, 7);
    peer_receive(&peer, request);
    peer_close(&peer);
    g_free(qtest_answer(&vm));
    device_await_released(&vm);
    qtest_stop(&vm);
}
END_TEST

START_TEST(two_hundred_handlers_leave_nothing)
{
    struct qtest vm;
    struct peer peer;
    unsigned before;

    device_start(&vm, "");
    before = device_count_fds(&vm);
    for (unsigned i = 1; i <= 200; i++) {
        device_connect(&vm, "vmmio0", &peer);
        device_claim(&vm, &peer, i);
        device_check_read(&vm, &peer);
        peer_close(&peer);
        device_await_released(&vm);
    }
    /* The range is released just before the socket is closed. */
    device_await_fds(&vm, before);
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0xaaaaaaaa);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("claim", nothing_is_asked_before_the_claim, state_is_seen_over_qmp,
                      claiming_again_changes_nothing, newest_claim_wins,
                      takeover_survives_the_older_client, takeover_ends_a_waiting_access,
                      claims_behind_a_wrong_one_do_not_count, claim_of_range_1,
                      claim_of_range_7, claim_of_range_255,
                      wrong_claim_releases, disconnect_while_idle, disconnect_in_a_read,
                      disconnect_in_a_reply, disconnect_in_a_write,
                      two_hundred_handlers_leave_nothing);
}
