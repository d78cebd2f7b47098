/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A system reset: RESET to the holders, and the lines as the handlers left them. */
#include "device.h"

/* Opcode 0xff for range 0. */
#define RESET_0 "00 00 00 00 00 00 00 00  ff"

/* IRQ_UPDATE of range 0, line 0. */
#define RAISE_0                                                                                    \
    "00 00 00 80 00 00 00 00  41 00 00 00 00 00 00 00 "                                            \
    "00 00 00 00 00 00 00 00  01"

/* GICD_ISPENDR3 of `virt`: bit 16 is interrupt 112, which is SPI 80. */
#define PENDING_WORD UINT64_C(0x0800020c)
#define PENDING_SPI_80 (1u << 16)

static void reset(struct qtest *vm)
{
    qmp_run_until_event(vm, "system_reset", "RESET");
}

START_TEST(holder_is_told)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    for (unsigned i = 0; i < 3; i++) {
        reset(&vm);
        peer_expect(&peer, RESET_0, NULL);
    }
    /* The claim outlives the reset. */
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

START_TEST(others_are_not_told)
{
    struct qtest vm;
    struct peer holder, other;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &other);
    device_connect_and_claim(&vm, &holder);
    reset(&vm);
    peer_expect(&holder, RESET_0, NULL);
    peer_expect_silence(&other, 0);
    qtest_stop(&vm);
}
END_TEST

/* One for each range that the connection holds, in the order of the ranges or not. */
START_TEST(one_for_each_range)
{
    uint8_t first[PEER_PACKET], second[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    qtest_start(&vm, "aarch64", DEVICE_VIRT " -accel qtest"
                " -device vmmio,id=vmmio0,listen=127.0.0.1:0"
                " -device vmmio,id=vmmio1,start=0xfef01000,listen=127.0.0.1:0");
    qmp_open(&vm);
    device_connect(&vm, "vmmio0", &peer);
    peer_send_text(&peer, "01 00 00 80 00 00 00 00  f0");
    device_claim(&vm, &peer, 1);
    reset(&vm);
    peer_receive(&peer, first);
    peer_receive(&peer, second);
    ck_assert_uint_eq(first[8], 0xff);
    ck_assert_uint_eq(second[8], 0xff);
    ck_assert_uint_eq(first[0] + second[0], 1);
    qtest_stop(&vm);
}
END_TEST

START_TEST(level_comes_back)
{
    struct qtest vm;
    struct peer peer;
    g_autofree char *gic = NULL;

    qtest_allow_leaks();
    device_start(&vm, "irq=80");
    gic = qmp_find_unattached(&vm, "arm_gic");
    qtest_intercept_irqs(&vm, gic);
    device_connect_and_claim(&vm, &peer);
    ck_assert_uint_eq(qtest_read(&vm, 4, PENDING_WORD) & PENDING_SPI_80, 0);
    peer_send_text(&peer, RAISE_0);
    qtest_await_irq(&vm, 80, true);
    ck_assert_uint_eq(qtest_read(&vm, 4, PENDING_WORD) & PENDING_SPI_80, PENDING_SPI_80);

    reset(&vm);
    peer_expect(&peer, RESET_0, NULL);
    ck_assert_uint_eq(qtest_read(&vm, 4, PENDING_WORD) & PENDING_SPI_80, PENDING_SPI_80);
    peer_close(&peer);
    qtest_await_irq(&vm, 80, false);
    ck_assert_uint_eq(qtest_read(&vm, 4, PENDING_WORD) & PENDING_SPI_80, 0);
    qtest_stop(&vm);
}
END_TEST

/* A low line stays low. */
START_TEST(low_level_stays)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "irq=80");
    device_connect_and_claim(&vm, &peer);
    reset(&vm);
    peer_expect(&peer, RESET_0, NULL);
    ck_assert_uint_eq(qtest_read(&vm, 4, PENDING_WORD) & PENDING_SPI_80, 0);
    qtest_stop(&vm);
}
END_TEST

START_TEST(without_a_handler)
{
    struct qtest vm;

    device_start(&vm, "irq=80");
    reset(&vm);
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0xaaaaaaaa);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("reset", holder_is_told, others_are_not_told, one_for_each_range,
                      level_comes_back, low_level_stays, without_a_handler);
}
