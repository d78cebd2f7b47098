/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients that break the rules hurt nobody but themselves. */
#include "device.h"
#include "tap.h"

#include <string.h>
#include <sys/socket.h>

/* A DMA request, which is always answered. */
#define DMA_READ "00 00 00 80 01 00 00 00  01 00 08"

/* The sockets take some megabytes before the device's own limit counts. */
START_TEST(reads_no_replies)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    peer_send_until_closed(&peer, DMA_READ, 64 * 1024 * 1024 / PEER_PACKET);
    device_check_fresh_client(&vm);
    qtest_stop(&vm);
}
END_TEST

/* The holder of the range is not slowed down by it. */
START_TEST(reads_no_replies_beside_a_handler)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer holder, greedy;

    device_start(&vm, "timeout-ms=0,ping-ms=0");
    device_connect_and_claim(&vm, &holder);
    device_connect(&vm, "vmmio0", &greedy);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&holder, DEVICE_READ_4, request);
    peer_send_until_closed(&greedy, DMA_READ, 64 * 1024 * 1024 / PEER_PACKET);
    peer_answer(&holder, request, 0x77);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x77);
    qtest_stop(&vm);
}
END_TEST

START_TEST(too_many_connections)
{
    struct peer peers[16], refused;
    struct qtest vm;

    device_start(&vm, "");
    for (size_t i = 0; i < G_N_ELEMENTS(peers); i++) {
        device_connect(&vm, "vmmio0", &peers[i]);
    }
    device_connect(&vm, "vmmio0", &refused);
    peer_expect_closed(&refused);
    qtest_await_stderr(&vm, "refused: there are 16 already");
    device_claim(&vm, &peers[15], 1);
    device_check_read(&vm, &peers[15]);
    /* One that leaves makes room. */
    peer_close(&peers[15]);
    device_await_released(&vm);
    device_check_fresh_client(&vm);
    qtest_stop(&vm);
}
END_TEST

START_TEST(all_ones)
{
    uint8_t bytes[64 * 1024];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    memset(bytes, 0xff, sizeof(bytes));
    peer_send(&peer, bytes, sizeof(bytes));
    peer_await_received(&peer);
    device_check_fresh_client(&vm);
    qtest_stop(&vm);
}
END_TEST

/* Noise, the same in each run: what it stands for, the device survives. */
START_TEST(noise)
{
    g_autoptr(GRand) numbers = g_rand_new_with_seed((guint32)_i);
    uint8_t bytes[256 * PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)g_rand_int(numbers);
    }
    /* A block in two stays short and one of few opcodes, so that not all is skipped. */
    for (size_t i = 0; i < sizeof(bytes); i += 2 * PEER_PACKET) {
        bytes[i] = 0;
        bytes[i + 1] = 0;
        bytes[i + 8] &= 0x47;
    }
    device_start(&vm, "irq=80");
    device_connect(&vm, "vmmio0", &peer);
    peer_send(&peer, bytes, sizeof(bytes));
    peer_close(&peer);
    device_check_fresh_client(&vm);
    qtest_stop(&vm);
}
END_TEST

/* It can still receive, but nothing that it is asked will be answered. */
START_TEST(closes_its_sending_half)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=0");
    device_connect_and_claim(&vm, &peer);
    ck_assert_int_eq(shutdown(peer.fd, SHUT_WR), 0);
    device_await_released(&vm);
    peer_expect_closed(&peer);
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0xaaaaaaaa);
    qtest_stop(&vm);
}
END_TEST

/* The client's host resets the connection in the middle of an access. */
START_TEST(aborts_in_an_access)
{
    const struct linger none = { .l_onoff = 1, .l_linger = 0 };
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=0");
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_int_eq(setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
    peer_close(&peer);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xaaaaaaaa);
    device_await_released(&vm);
    device_check_fresh_client(&vm);
    qtest_stop(&vm);
}
END_TEST

START_TEST(leaves_a_packet_half_sent)
{
    uint8_t claim[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    peer_parse(DEVICE_CLAIM_0, claim);
    peer_send(&peer, claim, 63);
    peer_await_received(&peer);
    device_check_fresh_client(&vm);
    peer_send(&peer, claim + 63, 1);
    device_await_claims(&vm, "vmmio0", 2);
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

/* Every opcode there can be, as a request of the client's and as a reply, of a range too many. */
START_TEST(every_opcode)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "irq=80");
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        g_autofree char *request = g_strdup_printf("00 00 00 80 01 00 00 00  %02x 00 04", opcode);
        g_autofree char *reply = g_strdup_printf("09 00 00 00 01 00 00 00  %02x 00 04", opcode);

        device_connect(&vm, "vmmio0", &peer);
        peer_send_text(&peer, request);
        peer_send_text(&peer, reply);
        peer_await_received(&peer);
        peer_close(&peer);
    }
    device_check_fresh_client(&vm);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("misbehaving");
    TCase *tcase = tcase_create("misbehaving");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_test(tcase, reads_no_replies);
    tcase_add_test(tcase, reads_no_replies_beside_a_handler);
    tcase_add_test(tcase, too_many_connections);
    tcase_add_test(tcase, all_ones);
    tcase_add_loop_test(tcase, noise, 0, 8);
    tcase_add_test(tcase, closes_its_sending_half);
    tcase_add_test(tcase, aborts_in_an_access);
    tcase_add_test(tcase, leaves_a_packet_half_sent);
    tcase_add_test(tcase, every_opcode);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
