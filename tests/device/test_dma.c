/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA by clients: requests well and badly formed, on either connection, at any time. */
#include "dma_request.h"

#include <string.h>

#define AREA UINT64_C(0x40001000)
#define AREA_SIZE 64

/* No two bytes of the area are equal, and none is 0xaa. */
static void fill_area(struct qtest *vm, uint8_t bytes[AREA_SIZE])
{
    for (unsigned i = 0; i < AREA_SIZE; i++) {
        bytes[i] = (uint8_t)(0x40 + i);
    }
    dma_poke(vm, AREA, bytes, AREA_SIZE);
}

static void check_area(struct qtest *vm, const uint8_t bytes[AREA_SIZE])
{
    uint8_t got[AREA_SIZE];

    dma_peek(vm, AREA, got, AREA_SIZE);
    ck_assert_mem_eq(got, bytes, AREA_SIZE);
}

START_TEST(read_of_every_size_and_alignment)
{
    uint8_t bytes[AREA_SIZE];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    fill_area(&vm, bytes);
    for (unsigned size = 1; size <= 32; size++) {
        for (unsigned offset = 0; offset < 32; offset++) {
            dma_expect_data(&peer, size, AREA + offset, bytes + offset);
        }
    }
    qtest_stop(&vm);
}
END_TEST

/* The bytes before and behind stay. */
START_TEST(write_of_every_size_and_alignment)
{
    uint8_t bytes[AREA_SIZE];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    for (unsigned size = 1; size <= 32; size++) {
        for (unsigned offset = 0; offset < 32; offset++) {
            fill_area(&vm, bytes);
            dma_expect_written(&peer, size, AREA + offset);
            for (unsigned i = 0; i < size; i++) {
                bytes[offset + i] = (uint8_t)(i + 1);
            }
            check_area(&vm, bytes);
        }
    }
    qtest_stop(&vm);
}
END_TEST

START_TEST(size_out_of_bounds)
{
    uint8_t bytes[AREA_SIZE];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    fill_area(&vm, bytes);
    dma_expect_refused(&peer, 0, AREA);
    for (unsigned size = 33; size < 64; size++) {
        dma_expect_refused(&peer, size, AREA);
    }
    check_area(&vm, bytes);
    qtest_stop(&vm);
}
END_TEST

/* Reserved bits of words 0 and 1 and the flags mean nothing here and are in the reply. */
START_TEST(other_bits_come_back)
{
    uint8_t packet[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    dma_make_write(packet, 4, AREA);
    packet[2] = 0x55;
    packet[3] |= 0x15;
    packet[9] = 0x80;
    packet[10] |= 0xc0;
    packet[11] = 0xe0;
    dma_expect_unchanged(&peer, packet);
    ck_assert_uint_eq(qtest_read(&vm, 4, AREA), 0x04030201);
    /* An error bit in the request is not the reply's. */
    packet[3] |= 0x40;
    peer_send(&peer, packet, sizeof(packet));
    peer_expect(&peer, "00 00 55 95 44 33 22 11  05 80 c4 e0 ff ff ff ff  00 10 00 40 00 00 00 00"
                       "01 02 03 04 05 06 07 08  09 0a 0b 0c 0d 0e 0f 10"
                       "11 12 13 14 15 16 17 18  19 1a 1b 1c 1d 1e 1f 20  01 02 03 04 05 06 07 08",
                NULL);
    qtest_stop(&vm);
}
END_TEST

START_TEST(byte_enables)
{
    uint8_t bytes[AREA_SIZE], packet[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    fill_area(&vm, bytes);
    dma_make_write(packet, 4, AREA);
    /* A hole, and one byte less than the size: not done. */
    memcpy(packet + 12, "\x0d\0\0\0", 4);
    dma_expect_error(&peer, packet);
    memcpy(packet + 12, "\x07\0\0\0", 4);
    dma_expect_error(&peer, packet);
    check_area(&vm, bytes);
    /* One for each byte, and none at all. */
    memcpy(packet + 12, "\x0f\0\0\0", 4);
    dma_expect_unchanged(&peer, packet);
    ck_assert_uint_eq(qtest_read(&vm, 8, AREA), 0x4746454404030201);
    fill_area(&vm, bytes);
    memset(packet + 12, 0, 4);
    dma_expect_unchanged(&peer, packet);
    ck_assert_uint_eq(qtest_read(&vm, 8, AREA), 0x4746454404030201);
    qtest_stop(&vm);
}
END_TEST

/* The n-th byte of a request is changed, which must bring the error bit and this warning. */
static void check_region(unsigned byte, uint8_t value, const char *warning)
{
    uint8_t bytes[AREA_SIZE], packet[PEER_PACKET];
    g_autofree char *printed = NULL;
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    fill_area(&vm, bytes);
    for (unsigned i = 0; i < 100; i++) {
        dma_make_write(packet, 4, AREA);
        packet[byte] = value;
        dma_expect_error(&peer, packet);
        dma_make_read(packet, 4, AREA);
        packet[byte] = value;
        dma_expect_error(&peer, packet);
    }
    check_area(&vm, bytes);
    printed = qtest_stderr(&vm);
    ck_assert_msg(strstr(printed, warning), "no '%s' in: %s", warning, printed);
    /* Of 200 requests one is reported. */
    ck_assert_msg(strchr(printed, '\n') == printed + strlen(printed) - 1, "printed: %s", printed);
    qtest_stop(&vm);
}

START_TEST(mid_other_than_0)
{
    check_region(0, 2, "with mid 2, sid 0 refused");
}
END_TEST

START_TEST(sid_other_than_0)
{
    check_region(11, 0x0f, "with mid 0, sid 15 refused");
}
END_TEST

/* What a client sends on one connection, on the other, and when neither claims a range. */
START_TEST(on_either_connection)
{
    uint8_t bytes[AREA_SIZE];
    struct qtest vm;
    struct peer mmio, dma;

    device_start(&vm, "");
    fill_area(&vm, bytes);
    device_connect(&vm, "vmmio0", &dma);
    dma_expect_data(&dma, 8, AREA, bytes);
    device_connect_and_claim(&vm, &mmio);
    dma_expect_data(&mmio, 8, AREA + 8, bytes + 8);
    dma_expect_data(&dma, 8, AREA + 16, bytes + 16);
    dma_expect_written(&mmio, 2, AREA);
    dma_expect_written(&dma, 2, AREA + 2);
    ck_assert_uint_eq(qtest_read(&vm, 4, AREA), 0x02010201);
    qtest_stop(&vm);
}
END_TEST

/* A blocking DMA call inside an MMIO callback, on the connection that owes the reply or another. */
START_TEST(during_an_access)
{
    static const uint8_t written[] = { 1, 2, 3, 4, 5 };
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer mmio, dma;

    device_start(&vm, "timeout-ms=0");
    device_connect_and_claim(&vm, &mmio);
    device_connect(&vm, "vmmio0", &dma);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&mmio, DEVICE_READ_4, request);
    dma_expect_written(&mmio, 5, AREA + 1);
    dma_expect_data(&mmio, 5, AREA + 1, written);
    dma_expect_data(&dma, 5, AREA + 1, written);
    dma_expect_written(&dma, 5, AREA + 9);
    dma_expect_data(&mmio, 5, AREA + 9, written);
    /* Its own range, which waits. */
    dma_expect_refused(&mmio, 4, DEVICE_BASE);
    dma_expect_refused(&dma, 4, DEVICE_BASE);
    peer_answer(&mmio, request, 0xd0ae);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xd0ae);
    qtest_stop(&vm);
}
END_TEST

/* As many as a client may have outstanding, before it reads the first reply. */
START_TEST(a_thousand_outstanding)
{
    uint8_t all[1024][PEER_PACKET], got[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    /* Each address is written, then read: the stream's order shows in the data. */
    for (unsigned i = 0; i < 1024; i += 2) {
        dma_make_write(all[i], 32, AREA + i * 16);
        dma_make_read(all[i + 1], 32, AREA + i * 16);
        all[i][24] = (uint8_t)i;
        all[i][25] = (uint8_t)(i >> 8);
    }
    peer_send(&peer, all, sizeof(all));
    for (unsigned i = 0; i < 1024; i += 2) {
        peer_receive(&peer, got);
        ck_assert_mem_eq(got, all[i], PEER_PACKET);
        memcpy(all[i + 1] + 24, all[i] + 24, 32);
        peer_receive(&peer, got);
        ck_assert_mem_eq(got, all[i + 1], PEER_PACKET);
    }
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("dma", read_of_every_size_and_alignment, write_of_every_size_and_alignment,
                      size_out_of_bounds, other_bits_come_back, byte_enables, mid_other_than_0,
                      sid_other_than_0, on_either_connection, during_an_access,
                      a_thousand_outstanding);
}
