/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bench's rows: kept from run to run, judged by their bars. */
#include <math.h>

#include "bench_rows.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "error.h"
#include "tap.h"

static char *directory;
static char *path;

static void make_directory(void)
{
    directory = g_dir_make_tmp("vmbench-rows-XXXXXX", NULL);
    path = g_build_filename(directory, "bench.json", NULL);
}

static void remove_directory(void)
{
    g_remove(path);
    ck_assert_int_eq(g_rmdir(directory), 0);
    g_free(path);
    g_free(directory);
}

static void write_file(const char *text)
{
    ck_assert(g_file_set_contents(path, text, -1, NULL));
}

START_TEST(a_row_is_written_in_full)
{
    g_autoptr(VmbRows) rows = vmb_rows_load(path, NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonObject *row;

    ck_assert_ptr_nonnull(rows);
    vmb_rows_set(rows, "mmio.read", 60.0, "us", 50.0, "<= 1.3");
    ck_assert(vmb_rows_save(rows, path, NULL));
    ck_assert(json_parser_load_from_file(parser, path, NULL));
    row = json_object_get_object_member(json_node_get_object(json_parser_get_root(parser)),
                                        "mmio.read");
    ck_assert_uint_eq(json_object_get_size(row), 5);
    ck_assert_double_eq(json_object_get_double_member(row, "value"), 60.0);
    ck_assert_double_eq(json_object_get_double_member(row, "baseline"), 50.0);
    ck_assert_double_eq(json_object_get_double_member(row, "ratio"), 1.2);
    ck_assert_str_eq(json_object_get_string_member(row, "unit"), "us");
    ck_assert_str_eq(json_object_get_string_member(row, "bar"), "<= 1.3");
}
END_TEST

START_TEST(what_is_not_there_is_null)
{
    g_autoptr(VmbRows) rows = vmb_rows_load(path, NULL);
    g_autofree char *text = NULL;

    vmb_rows_set(rows, "qemu.build", VMB_NONE, "s", VMB_NONE, NULL);
    ck_assert(vmb_rows_save(rows, path, NULL));
    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    ck_assert_str_eq(text, "{\n  \"qemu.build\" : {\n    \"value\" : null,\n"
                           "    \"unit\" : \"s\",\n    \"baseline\" : null,\n"
                           "    \"ratio\" : null,\n    \"bar\" : null\n  }\n}\n");
}
END_TEST

START_TEST(rows_of_an_earlier_run_stay)
{
    write_file("{\"old\": {\"value\": 1, \"unit\": \"s\", \"baseline\": null, \"ratio\": null, "
               "\"bar\": null}, \"both\": {\"value\": 7}}");
    g_autoptr(VmbRows) rows = vmb_rows_load(path, NULL);

    vmb_rows_set(rows, "both", 8.0, "s", VMB_NONE, NULL);
    g_autofree char *table = vmb_rows_table(rows);

    ck_assert_ptr_nonnull(strstr(table, "\nold  "));
    ck_assert_ptr_nonnull(strstr(table, "\nboth                              8 s"));
    ck_assert_ptr_null(strstr(table, " 7 "));
}
END_TEST

START_TEST(bars_judge_the_ratio_or_the_value)
{
    static const struct {
        double value, baseline;
        const char *bar;
        const char *verdict;
    } cases[] = {
        {1.3, 1.0, "<= 1.3", "<= 1.3   met\n"},
        {1.31, 1.0, "<= 1.3", "<= 1.3   MISSED\n"},
        {65.0, 50.0, "<= 1.3", "<= 1.3   met\n"},
        {1.2, VMB_NONE, "<= 1.3", "<= 1.3   met\n"},
        {65.0, VMB_NONE, "<= 1.3", "<= 1.3   MISSED\n"},
        {VMB_NONE, VMB_NONE, "<= 1.3", "<= 1.3   not measured\n"},
        {80.0, 100.0, ">= 0.8", ">= 0.8   met\n"},
        {79.9, 100.0, ">= 0.8", ">= 0.8   MISSED\n"},
        {0.9, VMB_NONE, ">= 0.8", ">= 0.8   met\n"},
        {0.7, VMB_NONE, ">= 0.8", ">= 0.8   MISSED\n"},
        {VMB_NONE, VMB_NONE, ">= 0.8", ">= 0.8   not measured\n"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(VmbRows) rows = vmb_rows_load(path, NULL);

        vmb_rows_set(rows, "row", cases[i].value, "us", cases[i].baseline,
                     cases[i].bar);
        g_autofree char *table = vmb_rows_table(rows);

        ck_assert_msg(g_str_has_suffix(table, cases[i].verdict), "%s", table);
    }
}
END_TEST

/* The ratio alone would say the opposite each time. */
START_TEST(an_absolute_bar_judges_the_value)
{
    g_autoptr(VmbRows) rows = vmb_rows_load(path, NULL);

    vmb_rows_set_absolute(rows, "row", 1.5, "us", 3.0, "<= 1.0");
    g_autofree char *missed = vmb_rows_table(rows);

    ck_assert_msg(g_str_has_suffix(missed, "0.5  <= 1.0   MISSED\n"), "%s", missed);
    vmb_rows_set_absolute(rows, "row", 160, "MB_s", 200, ">= 150");
    g_autofree char *met = vmb_rows_table(rows);

    ck_assert_msg(g_str_has_suffix(met, "0.8  >= 150   met\n"), "%s", met);
}
END_TEST

START_TEST(a_file_that_is_no_result_is_refused)
{
    static const char *const texts[] = {"not JSON", "[1]", "", "17"};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;

        write_file(texts[i]);
        ck_assert_ptr_null(vmb_rows_load(path, &error));
        ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
        ck_assert_ptr_nonnull(strstr(error->message, path));
    }
}
END_TEST

START_TEST(a_place_that_cannot_be_written_is_an_error)
{
    g_autoptr(VmbRows) rows = vmb_rows_load(path, NULL);
    g_autofree char *nowhere = g_build_filename(directory, "no", "bench.json", NULL);
    g_autoptr(GError) error = NULL;

    ck_assert(!vmb_rows_save(rows, nowhere, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
}
END_TEST

START_TEST(medians)
{
    static const double numbers[] = {5, 1, 4, 2, 9, 3};
    g_autoptr(GArray) odd = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) even = g_array_new(FALSE, FALSE, sizeof(double));

    g_array_append_vals(odd, numbers, 5);
    g_array_append_vals(even, numbers, 6);
    ck_assert_double_eq(vmb_median(odd), 4.0);
    ck_assert_double_eq(vmb_median(even), 3.5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bench_rows");
    TCase *cases = tcase_create("rows");

    tcase_add_checked_fixture(cases, make_directory, remove_directory);
    tcase_add_test(cases, a_row_is_written_in_full);
    tcase_add_test(cases, what_is_not_there_is_null);
    tcase_add_test(cases, rows_of_an_earlier_run_stay);
    tcase_add_test(cases, bars_judge_the_ratio_or_the_value);
    tcase_add_test(cases, an_absolute_bar_judges_the_value);
    tcase_add_test(cases, a_file_that_is_no_result_is_refused);
    tcase_add_test(cases, a_place_that_cannot_be_written_is_an_error);
    tcase_add_test(cases, medians);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
