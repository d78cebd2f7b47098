/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two archives in one file. */
#include "join.h"

#include <glib/gstdio.h>
#include <string.h>

#include "error.h"
#include "tap.h"

static char *directory, *first, *second, *output;

static void set_up(void)
{
    directory = g_dir_make_tmp("vmbench-join-XXXXXX", NULL);
    first = g_build_filename(directory, "first", NULL);
    second = g_build_filename(directory, "second", NULL);
    output = g_build_filename(directory, "output", NULL);
}

static void tear_down(void)
{
    g_remove(first);
    g_remove(second);
    g_remove(output);
    ck_assert_int_eq(g_rmdir(directory), 0);
    g_free(first);
    g_free(second);
    g_free(output);
    g_free(directory);
}

static const struct {
    const char *first, *second, *joined;
    gsize len;
} pairs[] = {
    {"abcd", "ef", "abcdef", 6},
    {"abcde", "fg", "abcde\0\0\0fg", 10},
    {"abc", "", "abc\0", 4},
    {"", "ab", "ab", 2},
};

/* The second begins at a multiple of 4, and nothing is left of an output that was longer. */
START_TEST(one_behind_the_other)
{
    static const char *const before[] = {NULL, "", "an output of before that is longer than both"};

    ck_assert(g_file_set_contents(first, pairs[_i].first, -1, NULL));
    ck_assert(g_file_set_contents(second, pairs[_i].second, -1, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(before); i++) {
        g_autofree char *bytes = NULL;
        gsize len;

        ck_assert(before[i] == NULL || g_file_set_contents(output, before[i], -1, NULL));
        ck_assert(vmb_join(first, second, output, NULL));
        ck_assert(g_file_get_contents(output, &bytes, &len, NULL));
        ck_assert_uint_eq(len, pairs[_i].len);
        ck_assert_mem_eq(bytes, pairs[_i].joined, len);
    }
}
END_TEST

/* More than is read at a time. */
START_TEST(large_ones)
{
    const gsize size = (3 << 20) + 1;
    g_autofree char *large = g_strnfill(size, 'x');
    g_autofree char *bytes = NULL;
    gsize len;

    ck_assert(g_file_set_contents(first, large, (gssize)size, NULL));
    ck_assert(g_file_set_contents(second, large, (gssize)size, NULL));
    ck_assert(vmb_join(first, second, output, NULL));
    ck_assert(g_file_get_contents(output, &bytes, &len, NULL));
    ck_assert_uint_eq(len, 2 * size + 3);
    ck_assert_mem_eq(bytes, large, size);
    ck_assert_mem_eq(bytes + size, "\0\0\0", 3);
    ck_assert_mem_eq(bytes + size + 3, large, size);
}
END_TEST

START_TEST(nothing_is_left_of_what_fails)
{
    g_autoptr(GError) error = NULL;

    ck_assert(g_file_set_contents(first, "abcd", -1, NULL));
    ck_assert_int_eq(g_mkdir(second, 0700), 0); /* can be opened, not read */
    ck_assert(!vmb_join(first, second, output, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(error->message, second));
    ck_assert(!g_file_test(output, G_FILE_TEST_EXISTS));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("join");
    TCase *cases = tcase_create("join");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, one_behind_the_other, 0, G_N_ELEMENTS(pairs));
    tcase_add_test(cases, large_ones);
    tcase_add_test(cases, nothing_is_left_of_what_fails);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
