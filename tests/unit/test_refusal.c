/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's last line: whether it is why a range of ours cannot be. */
#include "refusal.h"

#include "tap.h"

#define FIRST "vmmio,id=vmmio0,start=0xfef00000,size=0x1000,irq=6"
#define SECOND "vmmio,id=vmmio1,start=0xfe900000,size=0x1000,irq=4"

static VmbGuestConfig *two_ranges(void)
{
    VmbGuestConfig *config = g_new0(VmbGuestConfig, 1);

    config->machine = vmb_machine_find("x86");
    config->devices = g_strsplit(FIRST " " SECOND, " ", -1);
    config->places = g_strsplit("a.ini:3 a.ini:7", " ", -1);
    return config;
}

START_TEST(a_refused_range_is_told_with_its_place)
{
    g_autoptr(VmbGuestConfig) config = two_ranges();
    g_autoptr(GError) error = vmb_refusal_error(
        config, "qemu-system-x86_64: -device " SECOND ": vmmio: irq=4 is not free: the mouse has it");

    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_str_eq(error->message, "a.ini:7: vmmio: irq=4 is not free: the mouse has it: change it; "
                                     "docs/device.md has what a range may be");
}
END_TEST

/* QEMU has gone on behind a warning: what ended it later is not the range. */
static const char *const others[] = {
    "qemu-system-x86_64: -device " FIRST ": warning: vmmio: irq=6 is shared with the floppy drive",
    "qemu-system-x86_64: -device e1000: no such card",
    "qemu-system-x86_64: terminating on signal 15",
    "",
};

START_TEST(another_last_line_is_no_refusal)
{
    g_autoptr(VmbGuestConfig) config = two_ranges();

    ck_assert_ptr_null(vmb_refusal_error(config, others[_i]));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("refusal");
    TCase *cases = tcase_create("refusal");

    tcase_add_test(cases, a_refused_range_is_told_with_its_place);
    tcase_add_loop_test(cases, another_last_line_is_no_refusal, 0, G_N_ELEMENTS(others));
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
