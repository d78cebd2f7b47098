/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts: numbers and names that reports and scripts rely on. */
#include "error.h"

#include "tap.h"

static const struct {
    int code;
    int number;
    const char *name;
} verdicts[] = {
    {0, 0, "pass"},
    {VMB_ERROR_MISMATCH, 1, "mismatch"},
    {VMB_ERROR_USAGE, 2, "usage"},
    {VMB_ERROR_SETUP, 3, "setup"},
    {VMB_ERROR_BOOT_TIMEOUT, 4, "boot-timeout"},
    {VMB_ERROR_PANIC, 5, "panic"},
    {VMB_ERROR_QEMU_DIED, 6, "qemu-died"},
    {VMB_ERROR_HANDLER_DIED, 7, "handler-died"},
    {VMB_ERROR_NO_CLAIM, 8, "no-claim"},
    {VMB_ERROR_PROGRAM_MISSING, 9, "program-missing"},
    {VMB_ERROR_PROGRAM_FAILED, 10, "guest-exit"},
    {VMB_ERROR_PROGRAM_TIMEOUT, 11, "test-hang"},
    {VMB_ERROR_PROTOCOL, 12, "protocol"},
    {VMB_ERROR_INTERRUPTED, 13, "interrupted"},
    {VMB_ERROR_PROGRAM_SIGNAL, 14, "guest-signal"},
    {VMB_ERROR_OOPS, 15, "oops"},
    {VMB_ERROR_KERNEL_HANG, 16, "kernel-hang"},
    {VMB_ERROR_RESET, 17, "reset"},
    {VMB_ERROR_SKIPPED, 18, "skipped"},
};

START_TEST(numbers_and_names_stay)
{
    ck_assert_int_eq(verdicts[_i].code, verdicts[_i].number);
    ck_assert_str_eq(vmb_verdict_name(verdicts[_i].code), verdicts[_i].name);
}
END_TEST

START_TEST(other_numbers_have_no_name)
{
    ck_assert_str_eq(vmb_verdict_name(-1), "unknown");
    ck_assert_str_eq(vmb_verdict_name(19), "unknown");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *cases = tcase_create("error");

    tcase_add_loop_test(cases, numbers_and_names_stay, 0, G_N_ELEMENTS(verdicts));
    tcase_add_test(cases, other_numbers_have_no_name);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
