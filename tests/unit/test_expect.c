/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing outputs: what differs, where, and how a person is told. */
#include "expect.h"
#include "memory_table.h"

#include <string.h>

#include "tap.h"

static char *fixture(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("FIXTURES"), "memory", name, NULL);
    char *text = NULL;

    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

/* The fixture with line `line` (from 1) replaced; NULL removes it. */
static char *with_line(const char *text, guint line, const char *replacement)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *changed = g_string_new(NULL);

    for (guint i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++) {
        const char *put = i + 1 == line ? replacement : lines[i];

        if (put != NULL) {
            g_string_append_printf(changed, "%s\n", put);
        }
    }
    return g_string_free(changed, FALSE);
}

static VmbComparison *compare(const char *expected, const char *got)
{
    g_autoptr(GString) want = g_string_new(expected);
    g_autoptr(GString) have = g_string_new(got);

    return vmb_compare(want, have);
}

static const VmbDifference *difference(const VmbComparison *comparison, guint index)
{
    return g_ptr_array_index(comparison->differences, index);
}

START_TEST(equal_texts_have_no_difference)
{
    g_autofree char *expected = fixture("inside-handled.txt");
    g_autoptr(VmbComparison) comparison = compare(expected, expected);

    ck_assert_uint_eq(comparison->differences->len, 0);
    ck_assert_uint_eq(comparison->expected_lines, 64);
    ck_assert_uint_eq(comparison->got_lines, 64);
}
END_TEST

/* 200 bytes are shown whole. */
START_TEST(a_long_line_is_cut)
{
    g_autofree char *just = g_strnfill(200, 'a');
    g_autofree char *long_one = g_strnfill(201, 'b');
    g_autofree char *shown = g_strnfill(200, 'b');
    g_autofree char *whole =
        g_strdup_printf("line 1: expected `%s` without a line end, got `%s... (201 bytes)` without a "
                        "line end", just, shown);
    g_autoptr(VmbComparison) comparison = compare(just, long_one);
    g_autofree char *text = vmb_difference_text(difference(comparison, 0), NULL);

    ck_assert_str_eq(text, whole);
}
END_TEST

START_TEST(a_missing_last_line_end_is_named)
{
    g_autoptr(VmbComparison) comparison = compare("a\nb\n", "a\nb");

    ck_assert_uint_eq(comparison->differences->len, 1);
    ck_assert_uint_eq(comparison->got_lines, 2);
    g_autofree char *text =
        vmb_difference_text(difference(comparison, 0), vmb_memory_inside_place);
    g_autofree char *diff = vmb_comparison_diff(comparison, vmb_memory_inside_place, 1);

    ck_assert_str_eq(text, "line 2 (width 1, element 1): expected `b`, got `b` without a line "
                           "end");
    ck_assert_str_eq(diff, "  line 2 (width 1, element 1)\n    - b\n    + b (no line end)\n");
}
END_TEST

START_TEST(a_nul_and_what_follows_it_count)
{
    g_autoptr(GString) expected = g_string_new("a\nb\n");
    g_autoptr(GString) got = g_string_new_len("a\0x\nb\n\0", 7);
    g_autoptr(VmbComparison) comparison = vmb_compare(expected, got);

    ck_assert_uint_eq(comparison->differences->len, 2);
    g_autofree char *first =
        vmb_difference_text(difference(comparison, 0), vmb_memory_inside_place);
    g_autofree char *last =
        vmb_difference_text(difference(comparison, 1), vmb_memory_inside_place);

    ck_assert_str_eq(first, "line 1 (width 1, element 0): expected `a`, got `a\\000x`");
    ck_assert_str_eq(last, "line 3 (width 1, element 2): expected nothing (the output ends), "
                           "got `\\000` without a line end");
}
END_TEST

START_TEST(a_wrong_byte_names_line_width_and_element)
{
    g_autofree char *expected = fixture("inside-handled.txt");
    g_autofree char *got = with_line(expected, 18, " 1: 0x0202");
    g_autoptr(VmbComparison) comparison = compare(expected, got);

    ck_assert_uint_eq(comparison->differences->len, 1);
    g_autofree char *text =
        vmb_difference_text(difference(comparison, 0), vmb_memory_inside_place);

    ck_assert_str_eq(text,
                     "line 18 (width 2, element 1): expected ` 1: 0x0201`, got ` 1: 0x0202`");
}
END_TEST

START_TEST(a_wrong_access_of_the_handler_is_named)
{
    g_autofree char *expected = fixture("outside.txt");
    g_autofree char *got = with_line(expected, 128, "read  fef00078 8 4");
    g_autoptr(VmbComparison) comparison = compare(expected, got);

    ck_assert_uint_eq(comparison->differences->len, 1);
    g_autofree char *text =
        vmb_difference_text(difference(comparison, 0), vmb_memory_outside_place);

    ck_assert_str_eq(text, "line 128 (read, width 8, element 15): expected `read  fef00078 8 0`, "
                           "got `read  fef00078 8 4`");
}
END_TEST

START_TEST(an_output_that_ends_early_says_so)
{
    g_autofree char *expected = fixture("inside-unclaimed.txt");
    g_autofree char *got = with_line(expected, 64, NULL);
    g_autoptr(VmbComparison) comparison = compare(expected, got);

    ck_assert_uint_eq(comparison->differences->len, 1);
    ck_assert_ptr_null(difference(comparison, 0)->got);
    g_autofree char *text =
        vmb_difference_text(difference(comparison, 0), vmb_memory_inside_place);

    ck_assert_str_eq(text, "line 64 (width 8, element 15): expected `15: 0xaaaaaaaaaaaaaaaa`, "
                           "got nothing (the output ends)");
}
END_TEST

START_TEST(an_output_that_goes_on_says_so)
{
    g_autofree char *expected = fixture("inside-unclaimed.txt");
    g_autofree char *got = g_strconcat(expected, "more\n", NULL);
    g_autoptr(VmbComparison) comparison = compare(expected, got);

    ck_assert_uint_eq(comparison->differences->len, 1);
    g_autofree char *text =
        vmb_difference_text(difference(comparison, 0), vmb_memory_inside_place);

    ck_assert_str_eq(text, "line 65 (after the last element): expected nothing (the output "
                           "ends), got `more`");
}
END_TEST

START_TEST(empty_output_differs_in_every_line)
{
    g_autofree char *expected = fixture("inside-unclaimed.txt");
    g_autoptr(VmbComparison) comparison = compare(expected, "");

    ck_assert_uint_eq(comparison->got_lines, 0);
    ck_assert_uint_eq(comparison->differences->len, 64);
}
END_TEST

START_TEST(control_bytes_are_escaped)
{
    g_autoptr(VmbComparison) comparison = compare("a\n", "\033[2J\n");
    g_autofree char *text =
        vmb_difference_text(difference(comparison, 0), vmb_memory_inside_place);

    ck_assert_ptr_null(strchr(text, '\033'));
    ck_assert_ptr_nonnull(strstr(text, "\\033[2J"));
}
END_TEST

START_TEST(a_diff_shows_both_sides_and_counts_the_rest)
{
    g_autoptr(VmbComparison) comparison = compare("a\nb\nc\n", "x\ny\nz\n");
    g_autofree char *diff = vmb_comparison_diff(comparison, vmb_memory_inside_place, 2);

    ck_assert_str_eq(diff, "  line 1 (width 1, element 0)\n"
                           "    - a\n"
                           "    + x\n"
                           "  line 2 (width 1, element 1)\n"
                           "    - b\n"
                           "    + y\n"
                           "  and 1 more lines that differ\n");
}
END_TEST

START_TEST(places_of_the_boundaries)
{
    static const struct {
        char *(*place)(guint line);
        guint line;
        const char *text;
    } cases[] = {
        {vmb_memory_inside_place, 1, "width 1, element 0"},
        {vmb_memory_inside_place, 16, "width 1, element 15"},
        {vmb_memory_inside_place, 17, "width 2, element 0"},
        {vmb_memory_inside_place, 33, "width 4, element 0"},
        {vmb_memory_inside_place, 49, "width 8, element 0"},
        {vmb_memory_outside_place, 1, "write, width 1, element 0"},
        {vmb_memory_outside_place, 17, "read, width 1, element 0"},
        {vmb_memory_outside_place, 33, "write, width 2, element 0"},
        {vmb_memory_outside_place, 112, "write, width 8, element 15"},
        {vmb_memory_outside_place, 129, "after the last access"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = cases[i].place(cases[i].line);

        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(the_table_has_a_row_for_each_element)
{
    g_autofree char *output = fixture("inside-handled.txt");
    g_autofree char *table = vmb_memory_table(output);
    g_auto(GStrv) rows = g_strsplit(table, "\n", -1);

    ck_assert_uint_eq(g_strv_length(rows), 18); /* title, 16 elements, what follows the end */
    ck_assert_str_eq(rows[0], "  element   1 byte  2 bytes     4 bytes             8 bytes");
    ck_assert_str_eq(rows[16], "       15     0x0f   0x100f  0x1211100f  0x161514131211100f");
}
END_TEST

START_TEST(the_table_marks_what_is_not_there)
{
    g_autofree char *table = vmb_memory_table(" 0: 0xaa\ngarbage\n");
    g_auto(GStrv) rows = g_strsplit(table, "\n", -1);

    ck_assert_str_eq(rows[1], "        0     0xaa        ?           ?                   ?");
    ck_assert_str_eq(rows[2], "        1        ?        ?           ?                   ?");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expect");
    TCase *cases = tcase_create("compare");

    tcase_add_test(cases, equal_texts_have_no_difference);
    tcase_add_test(cases, a_long_line_is_cut);
    tcase_add_test(cases, a_missing_last_line_end_is_named);
    tcase_add_test(cases, a_nul_and_what_follows_it_count);
    tcase_add_test(cases, a_wrong_byte_names_line_width_and_element);
    tcase_add_test(cases, a_wrong_access_of_the_handler_is_named);
    tcase_add_test(cases, an_output_that_ends_early_says_so);
    tcase_add_test(cases, an_output_that_goes_on_says_so);
    tcase_add_test(cases, empty_output_differs_in_every_line);
    tcase_add_test(cases, control_bytes_are_escaped);
    tcase_add_test(cases, a_diff_shows_both_sides_and_counts_the_rest);
    tcase_add_test(cases, places_of_the_boundaries);
    tcase_add_test(cases, the_table_has_a_row_for_each_element);
    tcase_add_test(cases, the_table_marks_what_is_not_there);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
