/* SPDX-License-Identifier: GPL-2.0-or-later */
/* on-timeout and on-disconnect: what becomes of an access that the handler does not answer. */
#include "guest.h"

/* A read that the peer has seen and will not answer. */
static void start_read(struct qtest *vm, struct peer *peer, const char *properties,
                       uint8_t request[PEER_PACKET])
{
    device_start(vm, properties);
    device_connect_and_claim(vm, peer);
    qtest_send_read(vm, 4, DEVICE_BASE);
    peer_expect(peer, DEVICE_READ_4, request);
}

START_TEST(timeout_error)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_read(&vm, &peer, "timeout-ms=20,on-timeout=error", request);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xffffffff);
    qtest_stop(&vm);
}
END_TEST

/* The reply may still come, after the time is over. */
START_TEST(timeout_wait_for_the_reply)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_read(&vm, &peer, "timeout-ms=20,on-timeout=wait", request);
    peer_expect_silence(&peer, 100);
    peer_answer(&peer, request, 0x7a7e);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x7a7e);
    ck_assert_uint_eq(qmp_get_uint(&vm, "/machine/peripheral/vmmio0", "claims"), 1);
    qtest_stop(&vm);
}
END_TEST

/* For the access under way and those after it, until the next claim. */
START_TEST(disconnect_error)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_read(&vm, &peer, "timeout-ms=0,on-disconnect=error", request);
    peer_close(&peer);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xffffffff);
    device_await_released(&vm);
    ck_assert_uint_eq(qtest_read(&vm, 2, DEVICE_BASE), 0xffff);
    device_connect(&vm, "vmmio0", &peer);
    device_claim(&vm, &peer, 2);
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

START_TEST(error_only_after_a_claim)
{
    struct qtest vm;

    device_start(&vm, "on-disconnect=error");
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0xaaaaaaaa);
    qtest_stop(&vm);
}
END_TEST

START_TEST(wait_only_after_a_claim)
{
    struct qtest vm;

    device_start(&vm, "on-disconnect=wait");
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0xaaaaaaaa);
    qtest_stop(&vm);
}
END_TEST

/* A vCPU's, because a wait over qtest leaves no way to ask QEMU for the endpoint. */
static void start_guest_read(struct qtest *vm, struct peer *peer, const char *properties)
{
    uint8_t request[PEER_PACKET];

    guest_start_reader(vm, "-accel tcg", properties);
    device_connect_and_claim(vm, peer);
    qmp_run(vm, "cont");
    peer_expect(peer, DEVICE_READ_4, request);
}

/* The next handler is asked what the first one did not answer. */
static void check_next_handler(struct qtest *vm)
{
    uint8_t request[PEER_PACKET];
    struct peer peer;

    device_connect(vm, "vmmio0", &peer);
    peer_send_text(&peer, DEVICE_CLAIM_0);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_read(vm, 4, GUEST_RESULTS + 4), 0);
    peer_answer(&peer, request, 0x600d);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_read(vm, 4, GUEST_RESULTS), 0x600d);
    ck_assert_uint_eq(qtest_read(vm, 4, GUEST_RESULTS + 4), 1);
    qmp_run(vm, "stop");
    qtest_stop(vm);
}

START_TEST(disconnect_wait)
{
    struct qtest vm;
    struct peer peer;

    start_guest_read(&vm, &peer, "timeout-ms=0,on-disconnect=wait");
    peer_close(&peer);
    device_await_released(&vm);
    qmp_run(&vm, "stop");
    qmp_run(&vm, "cont");
    check_next_handler(&vm);
}
END_TEST

/* The first handler hangs, is still connected, and loses the range to the next. */
START_TEST(timeout_wait_for_the_next_handler)
{
    struct qtest vm;
    struct peer peer;

    start_guest_read(&vm, &peer, "timeout-ms=20,on-timeout=wait");
    qmp_await_event(&vm, "VMMIO_TIMED_OUT");
    check_next_handler(&vm);
    peer_expect_closed(&peer);
}
END_TEST

/* Time in which the VM stands still is not the handler's. */
START_TEST(stopped_time_does_not_count)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_start_reader(&vm, "-accel tcg", "timeout-ms=2000,on-timeout=error");
    device_connect_and_claim(&vm, &peer);
    qmp_run(&vm, "cont");
    peer_expect(&peer, DEVICE_READ_4, request);
    qmp_run(&vm, "stop");
    peer_expect_silence(&peer, 3000);
    qmp_run(&vm, "cont");
    peer_answer(&peer, request, 0x600d);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS), 0x600d);
    peer_close(&peer);
    device_await_released(&vm);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("policy", timeout_error, timeout_wait_for_the_reply, disconnect_error,
                      error_only_after_a_claim, wait_only_after_a_claim, disconnect_wait,
                      timeout_wait_for_the_next_handler, stopped_time_does_not_count);
}
