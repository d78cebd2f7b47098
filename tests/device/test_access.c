/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a handler is asked for an access, byte by byte, and what becomes of its answer. */
#include "device.h"

/* Words 3-6 of a READ, and word 7. */
#define READ_FILL                                                                                  \
    "aa aa aa aa aa aa aa aa"                                                                      \
    "aa aa aa aa aa aa aa aa"                                                                      \
    "aa aa aa aa aa aa aa aa"                                                                      \
    "aa aa aa aa aa aa aa aa"                                                                      \
    "00 00 00 00 00 00 00 00"

/* Words 4-7 of a WRITEA. */
#define WRITE_REST                                                                                 \
    "00 00 00 00 00 00 00 00"                                                                      \
    "00 00 00 00 00 00 00 00"                                                                      \
    "00 00 00 00 00 00 00 00"                                                                      \
    "00 00 00 00 00 00 00 00"

static const struct {
    unsigned size;
    uint64_t addr;
    const char *request;
    uint64_t reply; /* its data word */
    uint64_t value; /* that the access then brings */
} reads[] = {
    { 1, 0xfef00000,
      "00 00 00 00 .. .. .. ..  01 00 01 40 00 00 00 00  00 00 f0 fe 00 00 00 00" READ_FILL,
      0x8877665544332211, 0x11 },
    { 2, 0xfef00002,
      "00 00 00 00 .. .. .. ..  01 00 02 40 00 00 00 00  02 00 f0 fe 00 00 00 00" READ_FILL,
      0x8877665544332211, 0x2211 },
    { 4, 0xfef00004,
      "00 00 00 00 .. .. .. ..  01 00 04 40 00 00 00 00  04 00 f0 fe 00 00 00 00" READ_FILL,
      0x8877665544332211, 0x44332211 },
    { 8, 0xfef00008,
      "00 00 00 00 .. .. .. ..  01 00 08 40 00 00 00 00  08 00 f0 fe 00 00 00 00" READ_FILL,
      0x8877665544332211, 0x8877665544332211 },
    { 1, 0xfef00fff,
      "00 00 00 00 .. .. .. ..  01 00 01 40 00 00 00 00  ff 0f f0 fe 00 00 00 00" READ_FILL,
      0, 0 },
};

static const struct {
    unsigned size;
    uint64_t addr;
    uint64_t value;
    const char *request;
} writes[] = {
    { 1, 0xfef00001, 0x5a,
      "00 00 00 00 .. .. .. ..  05 00 01 40 01 00 00 00  01 00 f0 fe 00 00 00 00"
      "5a 00 00 00 00 00 00 00" WRITE_REST },
    { 2, 0xfef00002, 0xbeef,
      "00 00 00 00 .. .. .. ..  05 00 02 40 03 00 00 00  02 00 f0 fe 00 00 00 00"
      "ef be 00 00 00 00 00 00" WRITE_REST },
    { 4, 0xfef00004, 0x89abcdef,
      "00 00 00 00 .. .. .. ..  05 00 04 40 0f 00 00 00  04 00 f0 fe 00 00 00 00"
      "ef cd ab 89 00 00 00 00" WRITE_REST },
    { 8, 0xfef00ff8, 0xfedcba9876543210,
      "00 00 00 00 .. .. .. ..  05 00 08 40 ff 00 00 00  f8 0f f0 fe 00 00 00 00"
      "10 32 54 76 98 ba dc fe" WRITE_REST },
};

START_TEST(every_read_size)
{
    struct qtest vm;
    struct peer peer;
    uint8_t request[PEER_PACKET];

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    for (size_t i = 0; i < G_N_ELEMENTS(reads); i++) {
        qtest_send_read(&vm, reads[i].size, reads[i].addr);
        peer_expect(&peer, reads[i].request, request);
        peer_answer(&peer, request, reads[i].reply);
        ck_assert_uint_eq(qtest_answer_value(&vm), reads[i].value);
    }
    qtest_stop(&vm);
}
END_TEST

START_TEST(every_write_size)
{
    struct qtest vm;
    struct peer peer;
    uint8_t request[PEER_PACKET];

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    for (size_t i = 0; i < G_N_ELEMENTS(writes); i++) {
        qtest_send_write(&vm, writes[i].size, writes[i].addr, writes[i].value);
        peer_expect(&peer, writes[i].request, request);
        peer_send(&peer, request, sizeof(request));
        g_free(qtest_answer(&vm));
    }
    qtest_stop(&vm);
}
END_TEST

/* The bytes of word 0 that hold the tag. */
static uint32_t tag_of(const uint8_t *packet)
{
    return packet[4] | packet[5] << 8 | packet[6] << 16 | (uint32_t)packet[7] << 24;
}

START_TEST(tags_differ)
{
    uint32_t tags[20];
    struct qtest vm;
    struct peer peer;
    uint8_t request[PEER_PACKET];

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    for (size_t i = 0; i < G_N_ELEMENTS(tags); i++) {
        qtest_send_read(&vm, 4, DEVICE_BASE);
        peer_expect(&peer, DEVICE_READ_4, request);
        peer_answer(&peer, request, i);
        ck_assert_uint_eq(qtest_answer_value(&vm), i);
        tags[i] = tag_of(request);
        for (size_t j = 0; j < i; j++) {
            ck_assert_uint_ne(tags[j], tags[i]);
        }
    }
    qtest_stop(&vm);
}
END_TEST

/* A handler without code for the address sends the request back. */
START_TEST(untouched_data_reads_as_unclaimed)
{
    struct qtest vm;
    struct peer peer;
    uint8_t request[PEER_PACKET];

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 8, DEVICE_BASE);
    peer_receive(&peer, request);
    peer_send(&peer, request, sizeof(request));
    ck_assert_uint_eq(qtest_answer_value(&vm), DEVICE_UNCLAIMED);
    qtest_stop(&vm);
}
END_TEST

START_TEST(unaligned_accesses_stay_whole)
{
    struct qtest vm;
    struct peer peer;
    uint8_t request[PEER_PACKET];

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 4, 0xfef00001);
    peer_expect(&peer, "00 00 00 00 .. .. .. ..  01 00 04 40 00 00 00 00  01 00 f0 fe 00 00 00 00"
                READ_FILL, request);
    peer_answer(&peer, request, 0x44332211);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x44332211);

    qtest_send_write(&vm, 8, 0xfef00ff5, 0x8877665544332211);
    peer_expect(&peer, "00 00 00 00 .. .. .. ..  05 00 08 40 ff 00 00 00  f5 0f f0 fe 00 00 00 00"
                "11 22 33 44 55 66 77 88" WRITE_REST, request);
    peer_send(&peer, request, sizeof(request));
    g_free(qtest_answer(&vm));
    qtest_stop(&vm);
}
END_TEST

/* The last 4 of the 8 bytes are not the handler's: the next request that it sees is another. */
START_TEST(access_across_the_end_is_not_forwarded)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=200");
    device_connect_and_claim(&vm, &peer);
    qtest_read(&vm, 8, 0xfef00ffc);
    qtest_write(&vm, 8, 0xfef00ffc, 0);
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

/* 16 bytes arrive as two accesses of 8, the lower address first. */
START_TEST(sixteen_bytes_are_two_accesses)
{
    g_autofree char *bytes = NULL;
    struct qtest vm;
    struct peer peer;
    uint8_t request[PEER_PACKET];

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    qtest_send(&vm, "read 0xfef00010 0x10");
    peer_expect(&peer, "00 00 00 00 .. .. .. ..  01 00 08 40 00 00 00 00  10 00 f0 fe 00 00 00 00"
                READ_FILL, request);
    peer_answer(&peer, request, 0x0706050403020100);
    peer_expect(&peer, "00 00 00 00 .. .. .. ..  01 00 08 40 00 00 00 00  18 00 f0 fe 00 00 00 00"
                READ_FILL, request);
    peer_answer(&peer, request, 0x0f0e0d0c0b0a0908);
    bytes = qtest_answer(&vm);
    ck_assert_str_eq(bytes, "0x000102030405060708090a0b0c0d0e0f");
    qtest_stop(&vm);
}
END_TEST

/* An x86 access tells nothing of user space or kernel: flags 0. */
START_TEST(x86_has_no_flags)
{
    struct qtest vm;
    struct peer peer;
    uint8_t request[PEER_PACKET];

    qtest_start(&vm, "x86_64",
                "-accel qtest -M microvm -m 32 -device vmmio,id=vmmio0,listen=127.0.0.1:0");
    qmp_open(&vm);
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 2, 0xfef00006);
    peer_expect(&peer, "00 00 00 00 .. .. .. ..  01 00 02 00 00 00 00 00  06 00 f0 fe 00 00 00 00"
                READ_FILL, request);
    peer_answer(&peer, request, 0x1234);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x1234);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("access", every_read_size, every_write_size, tags_differ,
                      untouched_data_reads_as_unclaimed, unaligned_accesses_stay_whole,
                      access_across_the_end_is_not_forwarded, sixteen_bytes_are_two_accesses,
                      x86_has_no_flags);
}
