/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which scenarios are found and chosen, and where their logs go. */
#include "case.h"

#include <string.h>

#include "files.h"
#include "tap.h"

static char *directory;

static void set_up(void)
{
    directory = g_dir_make_tmp("vmbench-case-XXXXXX", NULL);
    ck_assert_ptr_nonnull(directory);
}

static void tear_down(void)
{
    vmb_remove_tree(directory);
    g_free(directory);
}

/* Write DIRECTORY/NAME/scenario.ini, for an x86. */
static void add(const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *file = g_build_filename(path, VMB_SCENARIO_FILE, NULL);

    ck_assert_int_eq(g_mkdir_with_parents(path, 0755), 0);
    ck_assert(g_file_set_contents(file, "[scenario]\nmachines = x86\ngroups = mine\n"
                                  "[step s]\nrun = true\n", -1, NULL));
}

static VmbCases *find(VmbSelection selection, GError **error)
{
    const char *directories[] = {directory, NULL};

    selection.directories = directories;
    selection.machine = selection.machine != NULL ? selection.machine : "all";
    selection.shard = MAX(selection.shard, 1);
    selection.shards = MAX(selection.shards, 1);
    selection.repeat = MAX(selection.repeat, 1);
    return vmb_cases_find(&selection, error);
}

static const VmbCase *at(const VmbCases *cases, guint index)
{
    ck_assert_uint_lt(index, cases->cases->len);
    return g_ptr_array_index(cases->cases, index);
}

static void assert_refused(VmbSelection selection, gint code, const char *says)
{
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(find(selection, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, code));
    ck_assert_msg(strstr(error->message, says) != NULL, "%s", error->message);
    ck_assert_msg(strchr(error->message, '\n') == NULL, "%s", error->message);
}

/* ---- Where logs go ---- */

START_TEST(usual_names_are_directories)
{
    add("thermometer");
    g_autoptr(VmbCases) once = find((VmbSelection){0}, NULL);
    g_autoptr(VmbCases) twice = find((VmbSelection){.repeat = 2}, NULL);

    ck_assert_str_eq(at(once, 0)->id, "thermometer:x86");
    ck_assert_str_eq(at(once, 0)->directory, "thermometer-x86");
    ck_assert_str_eq(at(twice, 1)->id, "thermometer:x86#2");
    ck_assert_str_eq(at(twice, 1)->directory, "thermometer-x86-2");
}
END_TEST

/* One that passes removes its directory: it must not be that of one that fails. */
START_TEST(each_has_a_directory_of_its_own)
{
    static const char *const names[] = {"net/first", "net-first", "net:first", "net#first",
                                        "net%2Ffirst", "net first"};
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        add(names[i]);
    }
    g_autoptr(VmbCases) cases = find((VmbSelection){.repeat = 2}, NULL);

    for (guint i = 0; i < cases->cases->len; i++) {
        ck_assert_ptr_null(strchr(at(cases, i)->directory, '/'));
        ck_assert_msg(g_hash_table_add(seen, at(cases, i)->directory), "%s",
                      at(cases, i)->directory);
    }
    ck_assert_uint_eq(g_hash_table_size(seen), 2 * G_N_ELEMENTS(names));
}
END_TEST

START_TEST(a_name_with_a_newline_is_refused)
{
    add("two\nlines");
    assert_refused((VmbSelection){0}, VMB_ERROR_SETUP, "two\\nlines\" of a scenario has a newline");
}
END_TEST

START_TEST(a_name_that_no_file_can_have_is_refused)
{
    g_autofree char *part = g_strnfill(150, 'a');
    g_autofree char *name = g_build_filename(part, part, NULL);

    add(part);
    g_autoptr(VmbCases) cases = find((VmbSelection){0}, NULL);

    ck_assert_ptr_nonnull(cases);
    vmb_remove_tree(directory);
    add(name);
    assert_refused((VmbSelection){0}, VMB_ERROR_SETUP, "has 303 bytes");
}
END_TEST

/* ---- Nothing to run ---- */

START_TEST(no_scenario_at_all_is_refused)
{
    const char *patterns[] = {"net", NULL};

    assert_refused((VmbSelection){0}, VMB_ERROR_SETUP, directory);
    assert_refused((VmbSelection){.patterns = patterns}, VMB_ERROR_SETUP, "no scenario in ");
}
END_TEST

START_TEST(none_for_the_machine_is_refused)
{
    const char *patterns[] = {"net", NULL}, *groups[] = {"mine", NULL};

    add("net");
    assert_refused((VmbSelection){.machine = "raspi4b"}, VMB_ERROR_USAGE, directory);
    assert_refused((VmbSelection){.machine = "raspi4b", .patterns = patterns, .groups = groups},
                   VMB_ERROR_USAGE, "none has such a name, is in such a group, is for the machine "
                   "raspi4b");
}
END_TEST

START_TEST(a_shard_may_be_empty)
{
    add("net");
    g_autoptr(VmbCases) cases = find((VmbSelection){.shard = 2, .shards = 2}, NULL);

    ck_assert_ptr_nonnull(cases);
    ck_assert_uint_eq(cases->cases->len, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("case");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, usual_names_are_directories);
    tcase_add_test(all, each_has_a_directory_of_its_own);
    tcase_add_test(all, a_name_with_a_newline_is_refused);
    tcase_add_test(all, a_name_that_no_file_can_have_is_refused);
    tcase_add_test(all, no_scenario_at_all_is_refused);
    tcase_add_test(all, none_for_the_machine_is_refused);
    tcase_add_test(all, a_shard_may_be_empty);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
