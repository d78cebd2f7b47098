/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dma_request.h"

#include <stdio.h>
#include <string.h>

#define DATA 24 /* first data byte: word 3 */

/* Word 0 with bit 31 and a tag, word 1 with opcode and byte enables, word 2, data, word 7. */
#define READ_TEXT                                                                                  \
    "00 00 00 80 44 33 22 11  01 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00 "                   \
    "aa aa aa aa aa aa aa aa  aa aa aa aa aa aa aa aa "                                            \
    "aa aa aa aa aa aa aa aa  aa aa aa aa aa aa aa aa  01 02 03 04 05 06 07 08"
#define WRITE_TEXT                                                                                 \
    "00 00 00 80 44 33 22 11  05 00 00 00 ff ff ff ff  00 00 00 00 00 00 00 00 "                   \
    "01 02 03 04 05 06 07 08  09 0a 0b 0c 0d 0e 0f 10 "                                            \
    "11 12 13 14 15 16 17 18  19 1a 1b 1c 1d 1e 1f 20  01 02 03 04 05 06 07 08"

/* Bytes 10 and 16 to 23 are size and address. */
static void make(uint8_t packet[PEER_PACKET], const char *text, unsigned size, uint64_t addr)
{
    peer_parse(text, packet);
    packet[10] = (uint8_t)size;
    for (unsigned i = 0; i < 8; i++) {
        packet[16 + i] = (uint8_t)(addr >> (8 * i));
    }
}

void dma_make_read(uint8_t packet[PEER_PACKET], unsigned size, uint64_t addr)
{
    make(packet, READ_TEXT, size, addr);
}

void dma_make_write(uint8_t packet[PEER_PACKET], unsigned size, uint64_t addr)
{
    make(packet, WRITE_TEXT, size, addr);
}

static void send_and_expect(struct peer *peer, const uint8_t *request, const uint8_t *reply)
{
    uint8_t got[PEER_PACKET];

    peer_send(peer, request, PEER_PACKET);
    peer_receive(peer, got);
    ck_assert_mem_eq(got, reply, PEER_PACKET);
}

void dma_expect_unchanged(struct peer *peer, const uint8_t request[PEER_PACKET])
{
    send_and_expect(peer, request, request);
}

void dma_expect_error(struct peer *peer, const uint8_t request[PEER_PACKET])
{
    uint8_t reply[PEER_PACKET];

    memcpy(reply, request, PEER_PACKET);
    reply[3] |= 0x40; /* bit 30 */
    send_and_expect(peer, request, reply);
}

void dma_expect_refused(struct peer *peer, unsigned size, uint64_t addr)
{
    uint8_t packet[PEER_PACKET];

    dma_make_read(packet, size, addr);
    dma_expect_error(peer, packet);
    dma_make_write(packet, size, addr);
    dma_expect_error(peer, packet);
}

void dma_expect_data(struct peer *peer, unsigned size, uint64_t addr, const uint8_t *bytes)
{
    uint8_t request[PEER_PACKET], reply[PEER_PACKET];

    dma_make_read(request, size, addr);
    memcpy(reply, request, sizeof(reply));
    memcpy(reply + DATA, bytes, size);
    send_and_expect(peer, request, reply);
}

void dma_expect_written(struct peer *peer, unsigned size, uint64_t addr)
{
    uint8_t packet[PEER_PACKET];

    dma_make_write(packet, size, addr);
    dma_expect_unchanged(peer, packet);
}

void dma_poke(struct qtest *vm, uint64_t addr, const uint8_t *bytes, unsigned len)
{
    g_autoptr(GString) hex = g_string_new("0x");

    for (unsigned i = 0; i < len; i++) {
        g_string_append_printf(hex, "%02x", bytes[i]);
    }
    qtest_send(vm, "write 0x%" PRIx64 " %u %s", addr, len, hex->str);
    g_free(qtest_answer(vm));
}

void dma_peek(struct qtest *vm, uint64_t addr, uint8_t *bytes, unsigned len)
{
    g_autofree char *hex = NULL;

    qtest_send(vm, "read 0x%" PRIx64 " %u", addr, len);
    hex = qtest_answer(vm);
    ck_assert_uint_eq(strlen(hex), 2 + 2 * len);
    for (unsigned i = 0; i < len; i++) {
        ck_assert_int_eq(sscanf(hex + 2 + 2 * i, "%2hhx", &bytes[i]), 1);
    }
}
