/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies in every shape that TCP or a handler can give them. */
#include "device.h"

#include <string.h>

/* A VM whose 4-byte read waits for the peer, which has received the request. */
struct pending_read {
    struct qtest vm;
    struct peer peer;
    uint8_t request[PEER_PACKET];
};

static void start_read(struct pending_read *read)
{
    qtest_send_read(&read->vm, 4, DEVICE_BASE);
    peer_expect(&read->peer, DEVICE_READ_4, read->request);
}

static void start(struct pending_read *read)
{
    device_start(&read->vm, "");
    device_connect_and_claim(&read->vm, &read->peer);
    start_read(read);
}

static void check_brings(struct pending_read *read, uint32_t value)
{
    ck_assert_uint_eq(qtest_answer_value(&read->vm), value);
}

/* Two pieces, cut at every place. The second is sent when the first has been received. */
START_TEST(split_at_every_byte)
{
    struct pending_read read;

    start(&read);
    for (unsigned cut = 1; cut < PEER_PACKET; cut++) {
        peer_set_data(read.request, 0x1000 + cut);
        peer_send(&read.peer, read.request, cut);
        peer_await_received(&read.peer);
        peer_send(&read.peer, read.request + cut, PEER_PACKET - cut);
        check_brings(&read, 0x1000 + cut);
        start_read(&read);
    }
    peer_answer(&read.peer, read.request, 1);
    check_brings(&read, 1);
    device_check_fresh_client(&read.vm);
    qtest_stop(&read.vm);
}
END_TEST

START_TEST(byte_by_byte)
{
    struct pending_read read;

    start(&read);
    peer_set_data(read.request, 0x600df00d);
    for (unsigned i = 0; i < PEER_PACKET; i++) {
        peer_send(&read.peer, read.request + i, 1);
        peer_await_received(&read.peer);
    }
    check_brings(&read, 0x600df00d);
    device_check_fresh_client(&read.vm);
    qtest_stop(&read.vm);
}
END_TEST

/* An interrupt update that nobody listens to, and the reply behind it. */
START_TEST(two_packets_in_one_segment)
{
    uint8_t both[2 * PEER_PACKET];
    struct pending_read read;

    start(&read);
    peer_parse("00 00 00 80 00 00 00 00  41", both);
    peer_set_data(read.request, 0x11223344);
    memcpy(both + PEER_PACKET, read.request, PEER_PACKET);
    peer_send(&read.peer, both, sizeof(both));
    check_brings(&read, 0x11223344);
    qtest_stop(&read.vm);
}
END_TEST

/*
 * A packet of n + 1 blocks, each of which would be a reply to the access if it
 * were looked at, is skipped whole; the true reply follows at once.
 */
static void check_long_packet(unsigned n)
{
    g_autofree uint8_t *bytes = g_malloc((n + 2) * PEER_PACKET);
    struct pending_read read;

    start(&read);
    peer_set_data(read.request, 0xdeadbeef);
    for (unsigned i = 0; i <= n; i++) {
        memcpy(bytes + i * PEER_PACKET, read.request, PEER_PACKET);
    }
    bytes[1] = (uint8_t)n;
    peer_set_data(read.request, 0x7ead);
    memcpy(bytes + (n + 1) * PEER_PACKET, read.request, PEER_PACKET);
    peer_send(&read.peer, bytes, (n + 2) * PEER_PACKET);
    check_brings(&read, 0x7ead);
    device_check_read(&read.vm, &read.peer);
    device_check_fresh_client(&read.vm);
    qtest_stop(&read.vm);
}

START_TEST(packet_of_two_blocks_is_skipped)
{
    check_long_packet(1);
}
END_TEST

START_TEST(packet_of_256_blocks_is_skipped)
{
    check_long_packet(255);
}
END_TEST

START_TEST(unknown_opcodes_are_dropped)
{
    struct pending_read read;

    start(&read);
    peer_send_text(&read.peer, "00 00 00 80 01 00 00 00  7e");
    peer_send_text(&read.peer, "00 00 00 80 01 00 00 00  02");
    peer_send_text(&read.peer, "00 00 00 80 01 00 00 00  ff");
    peer_answer(&read.peer, read.request, 5);
    check_brings(&read, 5);
    device_check_fresh_client(&read.vm);
    qtest_stop(&read.vm);
}
END_TEST

START_TEST(wrong_tag_then_right_tag)
{
    uint8_t wrong[PEER_PACKET];
    struct pending_read read;

    start(&read);
    for (unsigned byte = 4; byte < 8; byte++) {
        memcpy(wrong, read.request, sizeof(wrong));
        wrong[byte] ^= 0x80;
        peer_answer(&read.peer, wrong, 0xbad);
    }
    peer_answer(&read.peer, read.request, 0x900d);
    check_brings(&read, 0x900d);
    device_check_fresh_client(&read.vm);
    qtest_stop(&read.vm);
}
END_TEST

/* Bit 31 makes it a packet of the client's own (a DMA request here), whatever its tag. */
START_TEST(bit_31_is_no_reply)
{
    uint8_t own[PEER_PACKET];
    struct pending_read read;

    start(&read);
    memcpy(own, read.request, sizeof(own));
    own[3] |= 0x80;
    peer_answer(&read.peer, own, 0xbad);
    peer_answer(&read.peer, read.request, 0x900d);
    check_brings(&read, 0x900d);
    device_check_fresh_client(&read.vm);
    qtest_stop(&read.vm);
}
END_TEST

/* Also how a handler answers posted writes that it did not claim. */
START_TEST(unsolicited_replies_are_dropped)
{
    struct pending_read read;

    start(&read);
    peer_answer(&read.peer, read.request, 1);
    check_brings(&read, 1);
    peer_send_text(&read.peer, "00 00 00 00 ff ff ff ff  01 00 04 40");
    peer_send_text(&read.peer, "00 00 00 00 00 00 00 00  02 00 04 40 0f");
    device_check_read(&read.vm, &read.peer);
    device_check_fresh_client(&read.vm);
    qtest_stop(&read.vm);
}
END_TEST

START_TEST(same_reply_twice)
{
    struct pending_read read;

    start(&read);
    peer_answer(&read.peer, read.request, 0x11);
    peer_answer(&read.peer, read.request, 0x22);
    check_brings(&read, 0x11);
    device_check_read(&read.vm, &read.peer);
    device_check_fresh_client(&read.vm);
    qtest_stop(&read.vm);
}
END_TEST

/* Only the holder is asked, and only its connection can answer. */
START_TEST(reply_of_another_connection)
{
    struct pending_read read;
    struct peer other;

    device_start(&read.vm, "");
    device_connect_and_claim(&read.vm, &read.peer);
    device_connect(&read.vm, "vmmio0", &other);
    start_read(&read);
    peer_answer(&other, read.request, 0xbad);
    peer_await_received(&other);
    peer_answer(&read.peer, read.request, 0x900d);
    check_brings(&read, 0x900d);
    qtest_stop(&read.vm);
}
END_TEST

START_TEST(error_reads_all_ones)
{
    struct pending_read read;

    start(&read);
    peer_set_error(read.request);
    peer_answer(&read.peer, read.request, 0x1234);
    check_brings(&read, 0xffffffff);
    qtest_send_read(&read.vm, 1, DEVICE_BASE);
    peer_receive(&read.peer, read.request);
    peer_set_error(read.request);
    peer_answer(&read.peer, read.request, 0x12);
    check_brings(&read, 0xff);
    device_check_read(&read.vm, &read.peer);
    qtest_stop(&read.vm);
}
END_TEST

/* x86 has no bus error that a CPU would see. */
static void check_error_on_x86(const char *machine)
{
    struct pending_read read;

    qtest_start(&read.vm, "x86_64",
                "-accel qtest -M %s -m 32 -device vmmio,id=vmmio0,listen=127.0.0.1:0", machine);
    qmp_open(&read.vm);
    device_connect_and_claim(&read.vm, &read.peer);
    for (unsigned size = 1; size <= 8; size *= 2) {
        qtest_send_read(&read.vm, size, DEVICE_BASE + size);
        peer_receive(&read.peer, read.request);
        ck_assert_uint_eq(read.request[10], size);
        peer_set_error(read.request);
        peer_answer(&read.peer, read.request, 0x123456789abcdef0);
        ck_assert_uint_eq(qtest_answer_value(&read.vm), UINT64_MAX >> (64 - size * 8));
    }
    qtest_stop(&read.vm);
}

START_TEST(error_on_pc)
{
    check_error_on_x86("pc");
}
END_TEST

START_TEST(error_on_q35)
{
    check_error_on_x86("q35");
}
END_TEST

START_TEST(error_on_microvm)
{
    check_error_on_x86("microvm");
}
END_TEST

START_TEST(error_ends_a_write)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    qtest_send_write(&vm, 4, DEVICE_BASE, 0x1234);
    peer_receive(&peer, request);
    peer_set_error(request);
    peer_send(&peer, request, sizeof(request));
    g_free(qtest_answer(&vm));
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("reply", split_at_every_byte, byte_by_byte, two_packets_in_one_segment,
                      packet_of_two_blocks_is_skipped, packet_of_256_blocks_is_skipped,
                      unknown_opcodes_are_dropped, wrong_tag_then_right_tag, bit_31_is_no_reply,
                      unsolicited_replies_are_dropped, same_reply_twice,
                      reply_of_another_connection, error_reads_all_ones, error_on_pc,
                      error_on_q35, error_on_microvm, error_ends_a_write);
}
