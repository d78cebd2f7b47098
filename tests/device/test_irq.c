/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt lines: from a handler's IRQ_UPDATE to the input of the interrupt controller. */
#include "device.h"
#include "tap.h"

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

    qtest_allow_leaks();
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

    qtest_allow_leaks();
    qtest_start(&vm, "x86_64",
                "-accel qtest -M pc -m 32 -device vmmio,id=vmmio0,listen=127.0.0.1:0,irq=20");
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

#define VMMIO "-device vmmio,listen=127.0.0.1:0,irq="
#define SERIAL " -device isa-serial,id=com,chardev=none -chardev null,id=none"
#define PI "aarch64", "-M raspi4b"
#define VIRT "aarch64", DEVICE_VIRT
#define PC "x86_64", "-M pc"
#define Q35 "x86_64", "-M q35"
#define MICROVM "x86_64", "-M microvm"
#define MICROVM_NO_ACPI "x86_64", "-M microvm,acpi=off -bios bios-microvm.bin"

/* A number that the machine does not have, or that somebody else has on x86. */
static const struct {
    const char *system, *machine, *devices, *words;
} refused[] = {
    { PI, VMMIO "192", "irq=192: the GIC of this machine has the SPIs 0 to 191" },
    { VIRT, VMMIO "256", "irq=256: the GIC of this machine has the SPIs 0 to 255" },
    { PC, VMMIO "24", "irq=24: this machine has the GSIs 0 to 23" },
    { Q35, VMMIO "24", "irq=24: this machine has the GSIs 0 to 23" },
    { MICROVM, VMMIO "48", "irq=48: this machine has the GSIs 0 to 47" },
    { MICROVM_NO_ACPI, VMMIO "24", "irq=24: this machine has the GSIs 0 to 23" },
    { PC, VMMIO "0", "irq=0 is not free: the timer has it; free are 3-4, 6-7, 16-23" },
    { PC, VMMIO "1", "irq=1 is not free: i8042 (/machine/" },
    { PC, VMMIO "2", "irq=2 is not free: the timer has it" },
    { PC, VMMIO "5", "irq=5 is not free: PCI has it" },
    { PC, VMMIO "8", "irq=8 is not free: the real-time clock has it" },
    { PC, VMMIO "9", "irq=9 is not free: ACPI has it" },
    { PC, VMMIO "10", "irq=10 is not free: PCI has it" },
    { PC, VMMIO "11", "irq=11 is not free: PCI has it" },
    { PC, VMMIO "12", "irq=12 is not free: i8042 (/machine/" },
    { PC, VMMIO "13", "irq=13 is not free: the FPU has it" },
    { PC, VMMIO "14", "irq=14 is not free: IDE has it" },
    { PC, VMMIO "15", "irq=15 is not free: IDE has it" },
    { PC, VMMIO "16:4" SERIAL, "irq=4 is not free: isa-serial (/machine/peripheral/com) has it" },
    { PC, SERIAL " " VMMIO "4", "irq=4 is not free: isa-serial (/machine/peripheral/com) has it" },
    { PC, SERIAL " " VMMIO "4,start=0x1000000000 " VMMIO "3",
      "irq=4 is not free: isa-serial (/machine/peripheral/com) has it; free are 6-7, 16-23" },
    { Q35, VMMIO "10", "irq=10 is not free: PCI has it; free are 3-4, 6-7, 14-15" },
    { Q35, VMMIO "16", "irq=16 is not free: PCI has it" },
    { Q35, VMMIO "23", "irq=23 is not free: PCI has it" },
    { MICROVM, VMMIO "8", "irq=8 is not free: mc146818rtc (/machine/" },
    { MICROVM, VMMIO "9", "irq=9 is not free: acpi-ged (/machine/" },
    { MICROVM, VMMIO "24", "irq=24 is not free: virtio-mmio (/machine/" },
    { MICROVM, VMMIO "47", "; free are 1, 3-7, 10-23" },
    { "x86_64", "-M microvm,pcie=on", VMMIO "19", "irq=19 is not free: gpex-pcihost (/machine/" },
    { MICROVM_NO_ACPI, VMMIO "5", "irq=5 is not free: virtio-mmio (/machine/" },
};

START_TEST(number_that_cannot_be)
{
    device_check_refused(refused[_i].system, refused[_i].machine, refused[_i].devices,
                         refused[_i].words);
}
END_TEST

/* The machine starts, and all that it has printed then matches the regular expression. */
static void check_accepted(const char *system, const char *machine, const char *devices,
                           const char *expected)
{
    g_autofree char *printed = NULL;
    g_autofree char *pattern = NULL;
    struct qtest vm;

    qtest_start(&vm, system, "%s -accel qtest %s", machine, devices);
    qmp_open(&vm);
    printed = qtest_stderr(&vm);
    pattern = g_strdup_printf("^%s$", expected);
    ck_assert_msg(g_regex_match_simple(pattern, printed, 0, 0), "%s %s: printed '%s', expected %s",
                  machine, devices, printed, expected);
    qtest_stop(&vm);
}

#define WARNING(text) "[^\n]* warning: vmmio: " text "[^\n]*\n"

/* Every number that is free or may be shared, and what is printed about it. */
static const struct {
    const char *system, *machine, *devices, *printed;
} accepted[] = {
    { PC, VMMIO "3:4:6:7:16:17:18:19:20:21:22:23", "" },
    { PC, SERIAL " " VMMIO "3", "" },
    { "x86_64", "-M pc,i8042=off", VMMIO "1:12", "" },
    { Q35, VMMIO "3:4:6:7:14:15", "" },
    { MICROVM, VMMIO "1:3:4:5:6:7:10:11:12:13:14:15:16:17:18:19", "" },
    { MICROVM_NO_ACPI, VMMIO "1:3:4:13:16:23", "" },
    { PI, VMMIO "177:178:191", "" },
    { PI, VMMIO "176", "" },
    { PI, VMMIO "80", WARNING("irq=80 is shared with bcm2835-dma \\(/machine/soc/[^,]*\\):") },
    { PI, VMMIO "87", WARNING("irq=87 is shared with bcm2835-dma \\(/machine/soc/[^,]*\\):") },
    { PI, VMMIO "126",
      WARNING("irq=126 is shared with generic-sdhci [^ ]*emmc2\\), generic-sdhci [^ ]*sdhci\\):") },
    { PI, VMMIO "177:121", WARNING("irq=121 is shared with pl011 ") },
    { VIRT, VMMIO "200", "" },
    { VIRT, VMMIO "1:16", WARNING("irq=1 is shared with pl011 ")
                          WARNING("irq=16 is shared with virtio-mmio ") },
};

START_TEST(number_that_can_be)
{
    check_accepted(accepted[_i].system, accepted[_i].machine, accepted[_i].devices,
                   accepted[_i].printed);
}
END_TEST

int main(void)
{
    const TTest *const line_tests[] = {
        levels_reach_the_gic, lines_are_separate, eight_of_sixteen_lines,
        unknown_lines_are_ignored, only_the_holder_is_heard, update_of_another_range_is_ignored,
        low_when_the_handler_is_gone, low_after_a_takeover, older_client_does_not_lower,
        update_before_a_reply_comes_first, range_without_lines, levels_reach_the_ioapic,
    };
    Suite *suite = suite_create("irq");
    TCase *tcase = tcase_create("irq");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    for (unsigned i = 0; i < G_N_ELEMENTS(line_tests); i++) {
        tcase_add_test(tcase, line_tests[i]);
    }
    tcase_add_loop_test(tcase, number_that_cannot_be, 0, G_N_ELEMENTS(refused));
    tcase_add_loop_test(tcase, number_that_can_be, 0, G_N_ELEMENTS(accepted));
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
