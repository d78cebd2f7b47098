/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines with regular expressions in them. */
#include "patterns.h"

#include <string.h>

#include "tap.h"

static gboolean match(const char *pattern, const char *line)
{
    g_autoptr(GString) a = g_string_new(pattern);
    g_autoptr(GString) b = g_string_new(line);

    return vmb_patterns_match(a, b);
}

START_TEST(lines_and_their_patterns)
{
    static const struct {
        const char *pattern, *line;
        gboolean matches;
    } cases[] = {
        {"plain\n", "plain\n", TRUE},
        {"plain\n", "plain", FALSE},
        {"plain\n", "plain!\n", FALSE},
        {"plain", "xplain", FALSE},
        {"", "", TRUE},
        {"a.c [x]* (y) $5 ^ \\n | + ?\n", "a.c [x]* (y) $5 ^ \\n | + ?\n", TRUE},
        {"a.c\n", "abc\n", FALSE},
        {"took {{[0-9]+}} ms\n", "took 125 ms\n", TRUE},
        {"took {{[0-9]+}} ms\n", "took  ms\n", FALSE},
        {"took {{[0-9]+}} ms\n", "it took 125 ms\n", FALSE},
        {"{{a|b}}c\n", "ac\n", TRUE},
        {"{{a|b}}c\n", "a\n", FALSE},
        {"{{\\d{2}}}{{x?}} {{x{1,2}}}\n", "42 xx\n", TRUE},
        {"{{\\d{2}}}\n", "4\n", FALSE},
        {"{{(?:[0-9]{2} )+}}end", "42 17 end", TRUE},
        {"{{.*}}", "anything\nat all\n", TRUE},
        {"{{}}x", "x", TRUE},
        {"a}}b", "a}}b", TRUE},
        {"{{\\x80}}\n", "\x80\n", TRUE},
        {"\xff{{.}}", "\xff\xfe", TRUE},
        {"{{[}}", "[", FALSE},
        {"{{a", "{{a", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        ck_assert_msg(match(cases[i].pattern, cases[i].line) == cases[i].matches,
                      "case %zu: `%s`, `%s`", i, cases[i].pattern, cases[i].line);
    }
}
END_TEST

START_TEST(a_nul_is_a_byte_like_any_other)
{
    g_autoptr(GString) plain = g_string_new_len("a\0b\n", 4);
    g_autoptr(GString) pattern = g_string_new("a{{.}}b\n");
    g_autoptr(GString) line = g_string_new_len("a\0b\n", 4);
    g_autoptr(GString) other = g_string_new_len("a\0c\n", 4);

    ck_assert(vmb_patterns_match(pattern, line));
    ck_assert(!vmb_patterns_match(pattern, other));
    ck_assert(vmb_patterns_match(plain, line));
    ck_assert(!vmb_patterns_match(plain, other));

    g_autoptr(GString) late = g_string_new_len("a\0001{{[0-9]}}\n", 13);
    g_autoptr(GString) digits = g_string_new_len("a\00012\n", 5);

    ck_assert(vmb_patterns_match(late, digits));
}
END_TEST

START_TEST(right_expressions_are_taken)
{
    g_autoptr(GString) text = g_string_new("one\n{{[0-9]+}} two {{x}}\n\n}}\n");
    guint line;

    ck_assert(vmb_patterns_check(text, &line, NULL));
}
END_TEST

START_TEST(wrong_expressions_are_named_by_their_line)
{
    static const struct {
        const char *text;
        guint line;
    } cases[] = {
        {"one\ntwo {{(}} x\n", 2}, {"{{open\n", 1}, {"a\nb\n{{x}} {{y\n", 3}, {"\n\n\n{{*}}", 4},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) text = g_string_new(cases[i].text);
        g_autoptr(GError) error = NULL;
        guint line = 0;

        ck_assert_msg(!vmb_patterns_check(text, &line, &error), "%s", cases[i].text);
        ck_assert_uint_eq(line, cases[i].line);
        ck_assert_int_eq(error->domain, G_REGEX_ERROR);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("patterns");
    TCase *cases = tcase_create("patterns");

    tcase_add_test(cases, lines_and_their_patterns);
    tcase_add_test(cases, a_nul_is_a_byte_like_any_other);
    tcase_add_test(cases, right_expressions_are_taken);
    tcase_add_test(cases, wrong_expressions_are_named_by_their_line);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
