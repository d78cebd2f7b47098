/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA is not offered: each request comes back at once with the error bit, else unchanged. */
#include "device.h"

/* mid 3, sid 5, flags 2; reserved bits of words 0 and 1 and word 7 are set to see them again. */
#define READ_REST                                                                                  \
    "44 33 22 11  01 80 20 25 00 00 00 00  10 32 54 76 98 00 00 00 "                               \
    "aa aa aa aa aa aa aa aa  aa aa aa aa aa aa aa aa "                                            \
    "aa aa aa aa aa aa aa aa  aa aa aa aa aa aa aa aa  01 02 03 04 05 06 07 08"
#define READ_REQUEST "03 00 55 95 " READ_REST
#define READ_REFUSED "03 00 55 d5 " READ_REST

#define WRITE_REST                                                                                 \
    "00 00 00 00  05 00 04 00 0f 00 00 00  00 10 00 40 00 00 00 00 "                               \
    "ef be ad de 00 00 00 00"
#define WRITE_REQUEST "00 00 00 80 " WRITE_REST
#define WRITE_REFUSED "00 00 00 c0 " WRITE_REST

START_TEST(read_is_refused)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    peer_send_text(&peer, READ_REQUEST);
    peer_expect(&peer, READ_REFUSED, NULL);
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

/* The client's second connection claims nothing. */
START_TEST(write_is_refused_and_not_done)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    qtest_write(&vm, 4, 0x40001000, 0x12345678);
    peer_send_text(&peer, WRITE_REQUEST);
    peer_expect(&peer, WRITE_REFUSED, NULL);
    ck_assert_uint_eq(qtest_read(&vm, 4, 0x40001000), 0x12345678);
    qtest_stop(&vm);
}
END_TEST

/* A blocking DMA call inside an MMIO callback. */
START_TEST(during_an_access)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer mmio, dma;

    device_start(&vm, "timeout-ms=0");
    device_connect_and_claim(&vm, &mmio);
    device_connect(&vm, "vmmio0", &dma);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&mmio, DEVICE_READ_4, request);
    peer_send_text(&dma, READ_REQUEST);
    peer_expect(&dma, READ_REFUSED, NULL);
    peer_send_text(&mmio, WRITE_REQUEST);
    peer_expect(&mmio, WRITE_REFUSED, NULL);
    peer_answer(&mmio, request, 0xd0ae);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0xd0ae);
    qtest_stop(&vm);
}
END_TEST

/* As many as a client may have outstanding, before it reads the first reply. */
START_TEST(a_thousand_outstanding)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    for (unsigned i = 0; i < 1024; i++) {
        peer_send_text(&peer, READ_REQUEST);
    }
    for (unsigned i = 0; i < 1024; i++) {
        peer_expect(&peer, READ_REFUSED, NULL);
    }
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("dma", read_is_refused, write_is_refused_and_not_done, during_an_access,
                      a_thousand_outstanding);
}
