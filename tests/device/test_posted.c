/* SPDX-License-Identifier: GPL-2.0-or-later */
/* posted-writes=on: writes that nobody answers, in order, and none lost. */
#include "guest.h"

/* WRITE of 4 bytes at 0xfef00000, privileged, all 4 byte enables, the value 0x11223344. */
#define WRITE_4                                                                                    \
    "00 00 00 00 .. .. .. .."                                                                      \
    "02 00 04 40 0f 00 00 00"                                                                      \
    "00 00 f0 fe 00 00 00 00"                                                                      \
    "44 33 22 11"

static uint32_t value_of(const uint8_t packet[PEER_PACKET])
{
    return (uint32_t)packet[24] | (uint32_t)packet[25] << 8 | (uint32_t)packet[26] << 16 |
           (uint32_t)packet[27] << 24;
}

START_TEST(is_not_waited_for)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "posted-writes=on,timeout-ms=0");
    device_connect_and_claim(&vm, &peer);
    qtest_write(&vm, 4, DEVICE_BASE, 0x11223344);
    qtest_write(&vm, 4, DEVICE_BASE, 0x11223344);
    peer_expect(&peer, WRITE_4, NULL);
    peer_expect(&peer, WRITE_4, NULL);
    qtest_stop(&vm);
}
END_TEST

START_TEST(is_not_overtaken_by_a_read)
{
    uint8_t packet[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "posted-writes=on,timeout-ms=0");
    device_connect_and_claim(&vm, &peer);
    for (uint32_t i = 0; i < 1000; i++) {
        qtest_write(&vm, 4, DEVICE_BASE, i);
    }
    qtest_send_read(&vm, 4, DEVICE_BASE);
    for (uint32_t i = 0; i < 1000; i++) {
        peer_receive(&peer, packet);
        ck_assert_uint_eq(packet[8], 0x02);
        ck_assert_uint_eq(value_of(packet), i);
    }
    peer_expect(&peer, DEVICE_READ_4, packet);
    peer_answer(&peer, packet, 0x5a);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x5a);
    qtest_stop(&vm);
}
END_TEST

/* A client that has not claimed sends posted writes back: that answers no read. */
START_TEST(sent_back_answers_nothing)
{
    uint8_t write[PEER_PACKET], read[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "posted-writes=on,timeout-ms=0");
    device_connect_and_claim(&vm, &peer);
    qtest_write(&vm, 4, DEVICE_BASE, 0x11223344);
    peer_expect(&peer, WRITE_4, write);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, read);
    peer_send(&peer, write, sizeof(write));
    peer_answer(&peer, read, 0x5a);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x5a);
    qtest_stop(&vm);
}
END_TEST

/* Wait until the guest, which counts its writes, stands still. */
static uint64_t await_standstill(struct qtest *vm)
{
    uint64_t count, before;

    do {
        before = qtest_read(vm, 4, GUEST_RESULTS);
        g_usleep(100000);
        count = qtest_read(vm, 4, GUEST_RESULTS);
    } while (count == 0 || count != before);
    return count;
}

/* A guest that writes 0, 1, 2, ... for ever, and how many those are to GUEST_RESULTS. */
static const uint32_t counting_writer[] = {
    0xd2bfde01, /*    mov x1, #0xfef00000 */
    0xd2a80603, /*    mov x3, #0x40300000 */
    0x52800004, /*    mov w4, #0          */
    0xb9000024, /* 1: str w4, [x1]        */
    0x11000484, /*    add w4, w4, #1      */
    0xb9000064, /*    str w4, [x3]        */
    0x17fffffd, /*    b   1b              */
};

static void start_counting_writer(struct qtest *vm, struct peer *peer)
{
    guest_start(vm, "-accel tcg", "posted-writes=on,timeout-ms=0,ping-ms=0", counting_writer,
                G_N_ELEMENTS(counting_writer));
    device_connect_and_claim(vm, peer);
}

static void expect_writes(struct peer *peer, uint64_t count)
{
    uint8_t packet[PEER_PACKET];

    for (uint32_t i = 0; i < count; i++) {
        peer_receive(peer, packet);
        ck_assert_uint_eq(packet[8], 0x02);
        ck_assert_uint_eq(value_of(packet), i);
    }
}

/* The handler reads nothing for a while. */
START_TEST(full_queue_holds_the_guest)
{
    struct qtest vm;
    struct peer peer;
    uint64_t stuck;
    long before;

    start_counting_writer(&vm, &peer);
    before = device_resident_kib(&vm);
    qmp_run(&vm, "cont");
    stuck = await_standstill(&vm);
    qmp_run(&vm, "query-status");
    /* TCG's own code and tables take some; a queue without a bound would take a gigabyte. */
    ck_assert_int_lt(device_resident_kib(&vm) - before, 32 * 1024);
    expect_writes(&peer, stuck + 10000);
    peer_close(&peer);
    device_await_released(&vm);
    qtest_stop(&vm);
}
END_TEST

/* Longer than QEMU takes to end when it waits for nobody, a fraction of what it would wait. */
#define LATE_MS 200

/*
 * More than the socket holds, for a handler in no hurry: QEMU, though it ends already, gives it
 * time to take that.
 */
START_TEST(quit_leaves_none_behind)
{
    struct qtest vm;
    struct peer peer;
    uint64_t stuck;

    start_counting_writer(&vm, &peer);
    qmp_run(&vm, "cont");
    stuck = await_standstill(&vm);
    qmp_run(&vm, "stop");
    qmp_run_until_event(&vm, "quit", "SHUTDOWN");
    g_usleep(LATE_MS * 1000);
    expect_writes(&peer, stuck);
    ck_assert_int_eq(qtest_wait_exit(&vm), 0);
    peer_close(&peer);
}
END_TEST

/* A handler that goes away without having read them. */
START_TEST(unsent_ones_are_counted)
{
    struct qtest vm;
    struct peer peer;
    g_autoptr(JsonObject) stats = NULL;
    JsonObject *link;

    start_counting_writer(&vm, &peer);
    qmp_run(&vm, "cont");
    await_standstill(&vm);
    peer_close(&peer);
    device_await_released(&vm);
    stats = qmp_get_object(&vm, "/machine/peripheral/vmmio0", "stats");
    link = json_object_get_object_member(stats, "endpoint");
    ck_assert_int_ge(json_object_get_int_member(link, "packets-unsent"), 128 * 1024 / PEER_PACKET);
    qtest_stop(&vm);
}
END_TEST

/* The access timeout ends the wait for room as well. */
START_TEST(no_room_in_time)
{
    static const uint32_t writer[] = {
        0xd2bfde01, /*    mov x1, #0xfef00000 */
        0xb9000024, /* 1: str w4, [x1]        */
        0x17ffffff, /*    b   1b              */
    };
    struct qtest vm;
    struct peer peer;

    guest_run(&vm, &peer, "-accel tcg", "posted-writes=on,timeout-ms=50", writer,
              G_N_ELEMENTS(writer));
    qmp_await_event(&vm, "VMMIO_TIMED_OUT");
    ck_assert(qmp_get_bool(&vm, "/machine/peripheral/vmmio0", "handler-connected"));
    peer_close(&peer);
    device_await_released(&vm);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("posted", is_not_waited_for, is_not_overtaken_by_a_read,
                      sent_back_answers_nothing, full_queue_holds_the_guest, quit_leaves_none_behind,
                      unsent_ones_are_counted, no_room_in_time);
}
