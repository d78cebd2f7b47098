/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients that send without end, or take nothing: the others are served, and so is a new one. */
#include "guest.h"
#include "tap.h"

#include <string.h>

#define PACKETS (256 * 1024)
#define PACKETS_A_TURN 1024

/* What is sent over and over, by a client that holds no range. */
static const char *const floods[] = {
    "00 00 00 80 00 00 00 00  41",                         /* IRQ_UPDATE of somebody's range */
    "07 00 00 80 00 00 00 00  41",                         /* and of one that does not exist */
    "00 00 00 00 ff ff ff ff  01 00 04 40",                /* a reply that nobody waits for */
    "00 00 00 00 00 00 00 00  00",                         /* the echo of a PING */
    "00 00 00 80 00 00 00 00  7e",                         /* an unknown opcode */
    "00 00 00 80 00 00 00 00  02",                         /* one that only the VM sends */
    "00 00 00 00 ff ff ff ff  f0",                         /* a claim without bit 31 */
    "ff 0f 00 80 ff ff ff ff  f0 ff ff ff ff ff ff ff",    /* a long packet each 16 */
};

static void flood(struct peer *peer, const char *text)
{
    g_autofree uint8_t *bytes = g_malloc(PACKETS_A_TURN * PEER_PACKET);

    for (unsigned i = 0; i < PACKETS_A_TURN; i++) {
        peer_parse(text, bytes + i * PEER_PACKET);
    }
    for (unsigned i = 0; i < PACKETS / PACKETS_A_TURN; i++) {
        peer_send(peer, bytes, PACKETS_A_TURN * PEER_PACKET);
    }
}

START_TEST(beside_a_handler)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer holder, flooder;

    device_start(&vm, "irq=80,timeout-ms=0,ping-ms=0");
    device_connect_and_claim(&vm, &holder);
    device_connect(&vm, "vmmio0", &flooder);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&holder, DEVICE_READ_4, request);
    flood(&flooder, floods[_i]);
    peer_answer(&holder, request, 0x600d);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x600d);
    device_check_read(&vm, &holder);
    device_check_fresh_client(&vm);
    qtest_stop(&vm);
}
END_TEST

/* The holder itself, while an access waits for it; its reply comes behind all of that. */
START_TEST(before_a_reply)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "irq=80,timeout-ms=0,ping-ms=0");
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    flood(&peer, floods[_i]);
    peer_answer(&peer, request, 0x600d);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x600d);
    device_check_fresh_client(&vm);
    qtest_stop(&vm);
}
END_TEST

/* The range is claimed a hundred thousand times and more. */
START_TEST(claims)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "ping-ms=0");
    device_connect(&vm, "vmmio0", &peer);
    flood(&peer, DEVICE_CLAIM_0);
    device_await_claims(&vm, "vmmio0", PACKETS);
    device_check_read(&vm, &peer);
    peer_close(&peer);
    device_await_released(&vm);
    device_check_fresh_client(&vm);
    qtest_stop(&vm);
}
END_TEST

/* Each access times out, also when the client owes more replies than it may. */
START_TEST(acknowledged_writes_are_not_read)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=5,ping-ms=0");
    device_connect_and_claim(&vm, &peer);
    for (unsigned i = 0; i < 100; i++) {
        qtest_write(&vm, 4, DEVICE_BASE, i);
    }
    device_check_fresh_client(&vm);
    qtest_stop(&vm);
}
END_TEST

/* The guest is held until a new handler comes, which is not told what the old one has not read. */
START_TEST(posted_writes_are_not_read)
{
    static const uint32_t writer[] = {
        0xd2bfde01, /*    mov x1, #0xfef00000 */
        0xb9000024, /* 1: str w4, [x1]        */
        0x11000484, /*    add w4, w4, #1      */
        0x17fffffe, /*    b   1b              */
    };
    uint8_t packet[PEER_PACKET];
    struct qtest vm;
    struct peer peer, fresh;

    guest_run(&vm, &peer, "-accel tcg", "posted-writes=on,timeout-ms=200,on-timeout=wait,ping-ms=0",
              writer, G_N_ELEMENTS(writer));
    qmp_await_event(&vm, "VMMIO_TIMED_OUT");
    device_connect(&vm, "vmmio0", &fresh);
    device_claim(&vm, &fresh, 2);
    for (unsigned i = 0; i < 10000; i++) {
        peer_receive(&fresh, packet);
        ck_assert_uint_eq(packet[8], 0x02);
    }
    qmp_run(&vm, "stop");
    peer_close(&fresh);
    device_await_released(&vm);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flood");
    TCase *tcase = tcase_create("flood");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_loop_test(tcase, beside_a_handler, 0, G_N_ELEMENTS(floods));
    tcase_add_loop_test(tcase, before_a_reply, 0, G_N_ELEMENTS(floods));
    tcase_add_test(tcase, claims);
    tcase_add_test(tcase, acknowledged_writes_are_not_read);
    tcase_add_test(tcase, posted_writes_are_not_read);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
