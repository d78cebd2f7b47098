/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt lines: from a handler's IRQ_UPDATE to the input of the interrupt controller. */
#include "device.h"

/* IRQ_UPDATE of range 0: opcode 0x41, word 2 = line, word 3 = level. */
#define IRQ_WORDS "00 00 00 80 00 00 00 00  41 00 00 00 00 00 00 00 "
#define RAISE_0 IRQ_WORDS "00 00 00 00 00 00 00 00  01"
#define LOWER_0 IRQ_WORDS "00 00 00 00 00 00 00 00  00"
#define RAISE_1 IRQ_WORDS "01 00 00 00 00 00 00 00  01"
#define LOWER_1 IRQ_WORDS "01 00 00 00 00 00 00 00  00"
#define RAISE_2 IRQ_WORDS "02 00 00 00 00 00 00 00  01"
#define RAISE_7 IRQ_WORDS "07 00 00 00 00 00 00 00  01"
#define RAISE_8 IRQ_WORDS "08 00 00 00 00 00 00 00  01"
#define RAISE_FAR IRQ_WORDS "00 00 00 00 01 00 00 00  01"

/* A device with these IRQs and a handler; levels of the GIC's inputs are reported. */
static void start(struct qtest *vm, struct peer *peer, const char *properties)
{
    g_autofree char *gic = NULL;

    device_start(vm, properties);
    gic = qmp_find_unattached(vm, "arm_gic");
    qtest_intercept_irqs(vm, gic);
    device_connect_and_claim(vm, peer);
}

START_TEST(levels_reach_the_gic)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer, "irq=80");
    for (unsigned i = 0; i < 3; i++) {
        peer_send_text(&peer, RAISE_0);
        qtest_await_irq(&vm, 80, true);
        peer_send_text(&peer, LOWER_0);
        qtest_await_irq(&vm, 80, false);
    }
    qtest_stop(&vm);
}
END_TEST

START_TEST(lines_are_separate)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer, "irq=80:90");
    peer_send_text(&peer, RAISE_1);
    qtest_await_irq(&vm, 90, true);
    ck_assert(!vm.irq_level[80]);
    peer_send_text(&peer, RAISE_0);
    qtest_await_irq(&vm, 80, true);
    peer_send_text(&peer, LOWER_1);
    qtest_await_irq(&vm, 90, false);
    ck_assert(vm.irq_level[80]);
    qtest_stop(&vm);
}
END_TEST

/* Sixteen may be given; a client can name the first eight. */
START_TEST(eight_of_sixteen_lines)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer, "irq=80:81:82:83:84:85:86:87:88:89:90:91:92:93:94:95");
    peer_send_text(&peer, RAISE_8);
    peer_send_text(&peer, RAISE_7);
    qtest_await_irq(&vm, 87, true);
    ck_assert(!vm.irq_level[88]);
    qtest_stop(&vm);
}
END_TEST

/* What follows on the same connection shows that the update had no effect. */
START_TEST(unknown_lines_are_ignored)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer, "irq=80:90");
    peer_send_text(&peer, RAISE_2);
    peer_send_text(&peer, RAISE_FAR);
    peer_send_text(&peer, RAISE_1);
    qtest_await_irq(&vm, 90, true);
    for (unsigned i = 0; i < QTEST_IRQS_MAX; i++) {
        ck_assert(vm.irq_level[i] == (i == 90));
    }
    qtest_stop(&vm);
}
END_TEST

/* A DMA request behind the update, answered: the update has been dealt with. */
START_TEST(only_the_holder_is_heard)
{
    struct qtest vm;
    struct peer holder, other;

    start(&vm, &holder, "irq=80:90");
    device_connect(&vm, "vmmio0", &other);
    peer_send_text(&other, RAISE_0);
    peer_send_text(&other, "00 00 00 80 78 56 34 12  01 00 08");
    peer_expect(&other, "00 00 00 c0 78 56 34 12  01 00 08", NULL);
    peer_send_text(&holder, RAISE_1);
    qtest_await_irq(&vm, 90, true);
    ck_assert(!vm.irq_level[80]);
    qtest_stop(&vm);
}
END_TEST

START_TEST(update_of_another_range_is_ignored)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer, "irq=80:90");
    peer_send_text(&peer, "01 00 00 80 00 00 00 00  41 00 00 00 00 00 00 00 "
                   "00 00 00 00 00 00 00 00  01");
    peer_send_text(&peer, "ff 00 00 80 00 00 00 00  41 00 00 00 00 00 00 00 "
                   "00 00 00 00 00 00 00 00  01");
    peer_send_text(&peer, RAISE_1);
    qtest_await_irq(&vm, 90, true);
    ck_assert(!vm.irq_level[80]);
    qtest_stop(&vm);
}
END_TEST

START_TEST(low_when_the_handler_is_gone)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer, "irq=80:90");
    peer_send_text(&peer, RAISE_0);
    peer_send_text(&peer, RAISE_1);
    qtest_await_irq(&vm, 90, true);
    ck_assert(vm.irq_level[80]);
    peer_close(&peer);
    qtest_await_irq(&vm, 80, false);
    qtest_await_irq(&vm, 90, false);
    qtest_stop(&vm);
}
END_TEST

START_TEST(low_after_a_takeover)
{
    struct qtest vm;
    struct peer older, newer;

    start(&vm, &older, "irq=80");
    peer_send_text(&older, RAISE_0);
    qtest_await_irq(&vm, 80, true);
    device_connect(&vm, "vmmio0", &newer);
    peer_send_text(&newer, DEVICE_CLAIM_0);
    qtest_await_irq(&vm, 80, false);
    peer_expect_closed(&older);
    peer_send_text(&newer, RAISE_0);
    qtest_await_irq(&vm, 80, true);
    qtest_stop(&vm);
}
END_TEST

/* The line of the new handler must not be lowered by the end of the old one. */
START_TEST(older_client_does_not_lower)
{
    struct qtest vm;
    struct peer older, newer;

    start(&vm, &older, "irq=80:90");
    device_connect(&vm, "vmmio0", &newer);
    peer_send_text(&newer, DEVICE_CLAIM_0);
    peer_send_text(&newer, RAISE_0);
    qtest_await_irq(&vm, 80, true);
    peer_expect_closed(&older);
    peer_close(&older);
    device_check_read(&vm, &newer);
    peer_send_text(&newer, RAISE_1);
    qtest_await_irq(&vm, 90, true);
    ck_assert(vm.irq_level[80]);
    qtest_stop(&vm);
}
END_TEST

/* In one segment: the guest must see the level before the read is done. */
START_TEST(update_before_a_reply_comes_first)
{
    uint8_t both[2 * PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer, "irq=80");
    for (unsigned i = 0; i < 20; i++) {
        bool level = i % 2 == 0;

        qtest_send_read(&vm, 4, DEVICE_BASE);
        peer_expect(&peer, DEVICE_READ_4, both + PEER_PACKET);
        peer_parse(level ? RAISE_0 : LOWER_0, both);
        peer_send(&peer, both, sizeof(both));
        ck_assert_uint_eq(qtest_answer_value(&vm), 0xaaaaaaaa);
        ck_assert(vm.irq_level[80] == level);
    }
    qtest_stop(&vm);
}
END_TEST

/* Without IRQs an update is nobody's. */
START_TEST(range_without_lines)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer, "");
    peer_send_text(&peer, RAISE_0);
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

START_TEST(levels_reach_the_ioapic)
{
    struct qtest vm;
    struct peer peer;

    qtest_start(&vm, "x86_64",
                "-accel qtest -M q35 -m 32 -device vmmio,id=vmmio0,listen=127.0.0.1:0,irq=20");
    qmp_open(&vm);
    qtest_intercept_irqs(&vm, "ioapic");
    device_connect_and_claim(&vm, &peer);
    peer_send_text(&peer, RAISE_0);
    qtest_await_irq(&vm, 20, true);
    peer_close(&peer);
    qtest_await_irq(&vm, 20, false);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("irq", levels_reach_the_gic, lines_are_separate, eight_of_sixteen_lines,
                      unknown_lines_are_ignored, only_the_holder_is_heard,
                      update_of_another_range_is_ignored, low_when_the_handler_is_gone,
                      low_after_a_takeover, older_client_does_not_lower,
                      update_before_a_reply_comes_first, range_without_lines,
                      levels_reach_the_ioapic);
}
