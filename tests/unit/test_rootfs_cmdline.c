/* SPDX-License-Identifier: GPL-2.0-or-later */
/* init's reading of the kernel command line. */
#include "cmdline.h"
#include "tap.h"

#include <string.h>

START_TEST(reads_all_parameters)
{
    struct boot_params params;

    ck_assert_ptr_null(cmdline_parse("console=ttyS0 quiet vmbench.results=ttyS1\t"
                                     "vmbench.shell=1\n", &params));
    ck_assert_str_eq(params.results, "ttyS1");
    ck_assert_int_eq(params.shell, BOOT_SHELL_PLAIN);
    ck_assert_ptr_null(cmdline_parse("vmbench.shell=login vmbench.init=/sbin/init", &params));
    ck_assert_int_eq(params.shell, BOOT_SHELL_LOGIN);
    ck_assert_str_eq(params.init, "/sbin/init");
}
END_TEST

START_TEST(absent_parameters_have_defaults)
{
    struct boot_params params;

    ck_assert_ptr_null(cmdline_parse("quiet xvmbench.shell=1\n", &params));
    ck_assert_str_eq(params.results, "");
    ck_assert_str_eq(params.init, "");
    ck_assert_int_eq(params.shell, BOOT_SHELL_NONE);
    ck_assert_ptr_null(cmdline_parse("", &params));
}
END_TEST

START_TEST(the_last_one_wins)
{
    struct boot_params params;

    ck_assert_ptr_null(cmdline_parse("vmbench.shell=1 vmbench.results=ttyAMA0 "
                                     "vmbench.results=ttyS1 vmbench.shell=0", &params));
    ck_assert_str_eq(params.results, "ttyS1");
    ck_assert_int_eq(params.shell, BOOT_SHELL_NONE);
}
END_TEST

static const char *const bad[] = {
    "vmbench.results=",
    "vmbench.results=../mem",
    "vmbench.results=ttyttyttyttyttyttyttyttyttyttytt",
    "vmbench.shell=yes",
    "vmbench.shell=",
    "vmbench.shell=loginx",
    "vmbench.init=",
    "vmbench.init=init",
};

START_TEST(names_the_bad_parameter)
{
    struct boot_params params;
    const char *problem = cmdline_parse(bad[_i], &params);
    size_t name = strcspn(bad[_i], "=") + 1;

    ck_assert_ptr_nonnull(problem);
    ck_assert_int_eq(strncmp(problem, bad[_i], name), 0);
}
END_TEST

static Suite *cmdline_suite(void)
{
    Suite *suite = suite_create("cmdline");
    TCase *tc = tcase_create("cmdline");

    tcase_add_test(tc, reads_all_parameters);
    tcase_add_test(tc, absent_parameters_have_defaults);
    tcase_add_test(tc, the_last_one_wins);
    tcase_add_loop_test(tc, names_the_bad_parameter, 0, (int)(sizeof(bad) / sizeof(bad[0])));
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(cmdline_suite());
}
