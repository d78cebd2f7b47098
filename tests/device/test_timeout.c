/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A handler that does not answer. Over qtest the time of an access is real time. */
#include "guest.h"

#define TIMEOUT_MS 200

static gint64 now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

START_TEST(read_is_finished_as_unclaimed)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;
    gint64 started;

    device_start(&vm, "timeout-ms=200");
    device_connect_and_claim(&vm, &peer);
    started = now_ms();
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xaaaaaaaa);
    ck_assert_int_ge(now_ms() - started, TIMEOUT_MS);
    qtest_stop(&vm);
}
END_TEST

START_TEST(write_is_finished)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;
    gint64 started;

    device_start(&vm, "timeout-ms=200");
    device_connect_and_claim(&vm, &peer);
    started = now_ms();
    qtest_send_write(&vm, 4, DEVICE_BASE, 1);
    peer_receive(&peer, request);
    g_free(qtest_answer(&vm));
    ck_assert_int_ge(now_ms() - started, TIMEOUT_MS);
    qtest_stop(&vm);
}
END_TEST

/* More nanoseconds than 32 bits hold. */
START_TEST(default_is_five_seconds)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;
    gint64 started;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    started = now_ms();
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xaaaaaaaa);
    ck_assert_int_ge(now_ms() - started, 5000);
    qtest_stop(&vm);
}
END_TEST

/* The reply to the first read comes when the second waits, before its own. */
START_TEST(late_reply_answers_nothing)
{
    uint8_t late[PEER_PACKET];
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=1000");
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, late);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xaaaaaaaa);

    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_receive(&peer, request);
    peer_answer(&peer, late, 0xbad);
    peer_close(&peer);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xaaaaaaaa);
    qtest_stop(&vm);
}
END_TEST

/* A handler that was slow once is still the handler. */
START_TEST(handler_stays_after_a_timeout)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=1");
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xaaaaaaaa);
    peer_answer(&peer, request, 0xbad);
    ck_assert(qmp_get_bool(&vm, "/machine/peripheral/vmmio0", "handler-connected"));
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xaaaaaaaa);
    qtest_stop(&vm);
}
END_TEST

START_TEST(no_timeout_waits)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=0,ping-ms=0");
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_expect_silence(&peer, 500);
    peer_answer(&peer, request, 0x1dea);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x1dea);
    qtest_stop(&vm);
}
END_TEST

/* The same in a vCPU, whose clock is the VM's: the guest goes on to its next read. */
START_TEST(vcpu_goes_on)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_start_reader(&vm, "-accel tcg", "timeout-ms=200");
    device_connect_and_claim(&vm, &peer);
    qmp_run(&vm, "cont");
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_close(&peer);
    guest_await_result(&vm, 0, 0xaaaaaaaa);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("timeout", read_is_finished_as_unclaimed, write_is_finished,
                      default_is_five_seconds, late_reply_answers_nothing,
                      handler_stays_after_a_timeout, no_timeout_waits, vcpu_goes_on);
}
