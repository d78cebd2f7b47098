/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges at addresses that other devices have: allowed, and warned of. */
#include "device.h"
#include "tap.h"

#include <string.h>

#define DEVICE " -accel qtest -device vmmio,id=vmmio0,listen=127.0.0.1:0,start="

static const struct {
    const char *system;
    const char *machine;
    const char *words; /* of its one line on standard error; NULL: it prints none */
    uint64_t addr;     /* in the range */
    uint64_t value;    /* of a byte there */
} cases[] = {
    { "aarch64", "-M raspi4b" DEVICE "0xfe201000",
      "warning: vmmio: the range 0xfe201000 size 0x1000 covers pl011 (/machine/soc/", 0xfe201000,
      0xaa },
    /* The SMI, which QEMU only logs accesses to: nothing is lost. */
    { "aarch64", "-M raspi4b" DEVICE "0xfe600000,size=0x10000", NULL, 0xfe600000, 0xaa },
    { "aarch64", "-M raspi4b" DEVICE "0xfee00000", NULL, 0xfee00000, 0xaa },
    { "aarch64", "-M raspi4b" DEVICE "0xfef00000", NULL, 0xfef00000, 0xaa },
    { "x86_64", "-M q35" DEVICE "0xfec00000", "covers ioapic (/machine/q35/ioapic): the guest",
      0xfec00000, 0xaa },
    { "x86_64", "-M q35" DEVICE "0xfee00000", "lies under apic (/machine/unattached/", 0xfee00000,
      0 },
    { "x86_64", "-M pc" DEVICE "0xfef00000", NULL, 0xfef00000, 0xaa },
};

START_TEST(devices_in_the_range_are_named)
{
    g_autofree char *text = NULL;
    struct qtest vm;

    qtest_start(&vm, cases[_i].system, "%s", cases[_i].machine);
    qmp_open(&vm);
    ck_assert_uint_eq(qtest_read(&vm, 1, cases[_i].addr), cases[_i].value);
    text = qtest_stderr(&vm);
    if (cases[_i].words) {
        ck_assert_msg(strstr(text, cases[_i].words), "%s", text);
        ck_assert_ptr_eq(strchr(text, '\n'), strrchr(text, '\n'));
    } else {
        ck_assert_str_eq(text, "");
    }
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("overlap");
    TCase *tcase = tcase_create("overlap");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_loop_test(tcase, devices_in_the_range_are_named, 0, G_N_ELEMENTS(cases));
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
