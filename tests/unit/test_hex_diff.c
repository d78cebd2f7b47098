/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two outputs side by side, byte by byte. */
#include "hex_diff.h"

#include "tap.h"

static void expect(const char *expected, gsize expected_len, const char *got, gsize got_len,
                   guint most, const char *diff)
{
    g_autoptr(GString) a = g_string_new_len(expected, (gssize)expected_len);
    g_autoptr(GString) b = g_string_new_len(got, (gssize)got_len);
    g_autofree char *text = vmb_hex_diff(a, b, most);

    ck_assert_str_eq(text, diff);
}

#define BYTES(text) text, sizeof(text) - 1

START_TEST(equal_bytes_have_no_diff)
{
    expect(BYTES("the same\n"), BYTES("the same\n"), 4, "");
    expect(BYTES(""), BYTES(""), 4, "");
}
END_TEST

START_TEST(rows_that_differ)
{
    expect(BYTES("0123456789abcdefABC\0DEF\n"), BYTES("0123456789abcdefABC\377DEF\n"), 4,
           "    - 00000010  41 42 43 00 44 45 46 0a                          |ABC.DEF.|\n"
           "    + 00000010  41 42 43 ff 44 45 46 0a                          |ABC.DEF.|\n");
}
END_TEST

START_TEST(one_that_ends_early)
{
    expect(BYTES("0123456789abcdef0"), BYTES("0123456789abcde"), 4,
           "    - 00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  |0123456789abcdef|\n"
           "    + 00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65     |0123456789abcde|\n"
           "    - 00000010  30                                               |0|\n");
}
END_TEST

START_TEST(one_that_goes_on)
{
    expect(BYTES(""), BYTES("\033"), 4,
           "    + 00000000  1b                                               |.|\n");
}
END_TEST

START_TEST(the_rest_is_counted)
{
    expect(BYTES(""), BYTES("0123456789abcdef0123456789abcdef0"), 1,
           "    + 00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  |0123456789abcdef|\n"
           "    and 2 more rows that differ\n");
    expect(BYTES("a"), BYTES("b"), 0, "    and 1 more rows that differ\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hex_diff");
    TCase *cases = tcase_create("diff");

    tcase_add_test(cases, equal_bytes_have_no_diff);
    tcase_add_test(cases, rows_that_differ);
    tcase_add_test(cases, one_that_ends_early);
    tcase_add_test(cases, one_that_goes_on);
    tcase_add_test(cases, the_rest_is_counted);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
