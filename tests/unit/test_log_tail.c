/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a log. */
#include "log_tail.h"

#include <glib/gstdio.h>
#include <string.h>

#include "tap.h"

static char *directory;

static void make_directory(void)
{
    directory = g_dir_make_tmp("vmbench-tail-XXXXXX", NULL);
}

static void remove_directory(void)
{
    ck_assert_int_eq(g_rmdir(directory), 0);
    g_free(directory);
}

START_TEST(the_last_line_of_a_log)
{
    static const struct {
        const char *text;
        const char *last;
    } cases[] = {
        {"one\ntwo\n", "two"}, {"one\n\n  \n", "one"}, {"one", "one"}, {"\n\n", NULL}, {"", NULL},
    };
    g_autofree char *path = g_build_filename(directory, "log", NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        ck_assert(g_file_set_contents(path, cases[i].text, -1, NULL));
        g_autofree char *last = vmb_last_line(path);

        ck_assert_pstr_eq(last, cases[i].last);
    }
    g_remove(path);
    ck_assert_ptr_null(vmb_last_line(path));
}
END_TEST

/* Of a log with more than is read, too: its last line is whole as far as somebody reads it. */
START_TEST(long_logs_and_long_lines_are_cut)
{
    g_autofree char *path = g_build_filename(directory, "log", NULL);
    g_autofree char *filler = g_strnfill(100000, 'x');
    g_autofree char *text = g_strdup_printf("%s\nlast but one\nlast\n", filler);
    g_autofree char *line = g_strdup_printf("%send", filler);

    ck_assert(g_file_set_contents(path, text, -1, NULL));
    g_autofree char *tail = vmb_file_tail(path, 2);

    ck_assert_str_eq(tail, "last but one\nlast\n");
    ck_assert(g_file_set_contents(path, line, -1, NULL));
    g_autofree char *last = vmb_last_line(path);

    ck_assert_uint_eq(strlen(last), 4096);
    ck_assert(g_str_has_suffix(last, "xend"));
    g_remove(path);
    ck_assert_ptr_null(vmb_file_tail(path, 2));
}
END_TEST

START_TEST(what_was_there_before_is_left_out)
{
    g_autofree char *path = g_build_filename(directory, "log", NULL);
    g_autofree char *filler = g_strnfill(100000, 'x');
    g_autofree char *text = g_strdup_printf("before\n%s\nnow\n", filler);

    ck_assert(g_file_set_contents(path, "before\nnow\n", -1, NULL));
    g_autofree char *tail = vmb_file_tail_from(path, strlen("before\n"), 10);

    ck_assert_str_eq(tail, "now\n");
    ck_assert_ptr_null(vmb_file_tail_from(path, strlen("before\nnow\n"), 10));
    ck_assert(g_file_set_contents(path, text, -1, NULL));
    g_autofree char *last = vmb_file_tail_from(path, (goffset)strlen(text) - 4, 10);

    ck_assert_str_eq(last, "now\n");
    g_remove(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log_tail");
    TCase *cases = tcase_create("log_tail");

    tcase_add_checked_fixture(cases, make_directory, remove_directory);
    tcase_add_test(cases, the_last_line_of_a_log);
    tcase_add_test(cases, long_logs_and_long_lines_are_cut);
    tcase_add_test(cases, what_was_there_before_is_left_out);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
