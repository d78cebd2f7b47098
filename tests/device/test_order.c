/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Order" of docs/protocol.md: packets of one connection take effect one after the other. */
#include "dma_request.h"

#include <string.h>

/* IRQ_UPDATE of range 0 and of range 1: line 0 up. */
#define UP " 00 00 80 00 00 00 00  41 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00 "
#define RAISE_OF_0 "00" UP "01"
#define LOWER_OF_0 "00" UP "00"
#define RAISE_OF_1 "01" UP "01"
#define LOWER_OF_1 "01" UP "00"

#define CLAIM_1 "01 00 00 80 00 00 00 00  f0"

/* The second range of the endpoint. */
#define BASE_1 UINT64_C(0xfef01000)
#define RANGE_1 " -device vmmio,id=vmmio1,listen=127.0.0.1:0,start=0xfef01000,timeout-ms=0"

#define ROUNDS 50
#define DATA 24 /* first data byte: word 3 */

/* A handler of range 0; levels of the GIC's inputs are reported. */
static void start(struct qtest *vm, struct peer *peer, const char *properties)
{
    g_autofree char *gic = NULL;

    qtest_allow_leaks();
    device_start(vm, properties);
    gic = qmp_find_unattached(vm, "arm_gic");
    qtest_intercept_irqs(vm, gic);
    device_connect_and_claim(vm, peer);
}

/* One of both ranges. */
static void start_two(struct qtest *vm, struct peer *peer, const char *properties)
{
    start(vm, peer, properties);
    peer_send_text(peer, CLAIM_1);
    device_await_claims(vm, "vmmio1", 1);
}

/* A DMA write of 32 bytes, all of this value. */
static void make_write_of(uint8_t packet[PEER_PACKET], uint64_t addr, uint8_t value)
{
    dma_make_write(packet, 32, addr);
    memset(packet + DATA, value, 32);
}

static void check_memory(struct qtest *vm, uint64_t addr, uint8_t value)
{
    uint8_t want[32], got[32];

    memset(want, value, sizeof(want));
    dma_peek(vm, addr, got, sizeof(got));
    ck_assert_mem_eq(got, want, sizeof(want));
}

START_TEST(acknowledged_dma_before_an_interrupt)
{
    uint8_t write[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer, "irq=80");
    for (uint8_t i = 1; i <= ROUNDS; i++) {
        make_write_of(write, DMA_RAM, i);
        dma_expect_unchanged(&peer, write);
        peer_send_text(&peer, RAISE_OF_0);
        qtest_await_irq(&vm, 80, true);
        check_memory(&vm, DMA_RAM, i);
        peer_send_text(&peer, LOWER_OF_0);
        qtest_await_irq(&vm, 80, false);
    }
    qtest_stop(&vm);
}
END_TEST

/* The client does not wait for the acknowledgements: they come, too. */
START_TEST(dma_before_an_interrupt_behind_it)
{
    enum { WRITES = 64 };
    uint8_t bytes[(WRITES + 1) * PEER_PACKET], reply[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer, "irq=80");
    for (uint8_t i = 1; i <= ROUNDS; i++) {
        for (unsigned w = 0; w < WRITES; w++) {
            make_write_of(bytes + w * PEER_PACKET, DMA_RAM + w * 32, i);
        }
        peer_parse(RAISE_OF_0, bytes + WRITES * PEER_PACKET);
        peer_send(&peer, bytes, sizeof(bytes));
        qtest_await_irq(&vm, 80, true);
        check_memory(&vm, DMA_RAM + (WRITES - 1) * 32, i);
        for (unsigned w = 0; w < WRITES; w++) {
            peer_receive(&peer, reply);
            ck_assert_mem_eq(reply, bytes + w * PEER_PACKET, PEER_PACKET);
        }
        peer_send_text(&peer, LOWER_OF_0);
        qtest_await_irq(&vm, 80, false);
    }
    qtest_stop(&vm);
}
END_TEST

START_TEST(dma_before_a_reply_behind_it)
{
    uint8_t both[2 * PEER_PACKET], reply[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer, "timeout-ms=0");
    for (uint8_t i = 1; i <= ROUNDS; i++) {
        qtest_send_read(&vm, 4, DEVICE_BASE);
        peer_expect(&peer, DEVICE_READ_4, both + PEER_PACKET);
        make_write_of(both, DMA_RAM, i);
        peer_send(&peer, both, sizeof(both));
        g_free(qtest_answer(&vm));
        check_memory(&vm, DMA_RAM, i);
        peer_receive(&peer, reply);
        ck_assert_mem_eq(reply, both, PEER_PACKET);
    }
    qtest_stop(&vm);
}
END_TEST

/* Order is the connection's, whatever range a packet is of. */
START_TEST(interrupt_of_one_range_before_a_reply_of_another)
{
    uint8_t both[2 * PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_two(&vm, &peer, "timeout-ms=0" RANGE_1 ",irq=81");
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool level = i % 2 == 0;

        qtest_send_read(&vm, 4, DEVICE_BASE);
        peer_expect(&peer, DEVICE_READ_4, both + PEER_PACKET);
        peer_parse(level ? RAISE_OF_1 : LOWER_OF_1, both);
        peer_send(&peer, both, sizeof(both));
        g_free(qtest_answer(&vm));
        ck_assert(vm.irq_level[81] == level);
    }
    qtest_stop(&vm);
}
END_TEST

/* The next packet is of that opcode and range, with this data byte. */
static void expect_access(struct peer *peer, uint8_t opcode, uint8_t range, uint8_t value,
                          uint8_t packet[PEER_PACKET])
{
    peer_receive(peer, packet);
    ck_assert_uint_eq(packet[8], opcode);
    ck_assert_uint_eq(packet[0], range);
    ck_assert_uint_eq(packet[DATA], value);
}

START_TEST(posted_writes_of_two_ranges)
{
    uint8_t packet[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_two(&vm, &peer, "timeout-ms=0,posted-writes=on" RANGE_1 ",posted-writes=on");
    for (uint8_t i = 0; i < 250; i++) {
        qtest_write(&vm, 1, DEVICE_BASE, i);
        qtest_write(&vm, 1, BASE_1, i);
    }
    for (uint8_t i = 0; i < 250; i++) {
        expect_access(&peer, 0x02, 0, i, packet);
        expect_access(&peer, 0x02, 1, i, packet);
    }
    qtest_stop(&vm);
}
END_TEST

/* A read and an acknowledged write, both of the other range. */
START_TEST(posted_writes_are_not_overtaken)
{
    uint8_t packet[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_two(&vm, &peer, "timeout-ms=0,posted-writes=on" RANGE_1);
    for (uint8_t round = 0; round < ROUNDS; round++) {
        bool read = round % 2 == 0;

        for (uint8_t i = 0; i < 50; i++) {
            qtest_write(&vm, 1, DEVICE_BASE, i);
        }
        if (read) {
            qtest_send_read(&vm, 1, BASE_1);
        } else {
            qtest_send_write(&vm, 1, BASE_1, 0x77);
        }
        for (uint8_t i = 0; i < 50; i++) {
            expect_access(&peer, 0x02, 0, i, packet);
        }
        expect_access(&peer, read ? 0x01 : 0x05, 1, read ? 0xaa : 0x77, packet);
        peer_send(&peer, packet, sizeof(packet));
        g_free(qtest_answer(&vm));
    }
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("order", acknowledged_dma_before_an_interrupt,
                      dma_before_an_interrupt_behind_it, dma_before_a_reply_behind_it,
                      interrupt_of_one_range_before_a_reply_of_another,
                      posted_writes_of_two_ranges, posted_writes_are_not_overtaken);
}
