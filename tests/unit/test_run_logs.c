/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories of runs: which stay when there is one more. */
#include "run_logs.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "files.h"
#include "tap.h"

static char *logs;

static void set_up(void)
{
    logs = g_dir_make_tmp("vmbench-runs-XXXXXX", NULL);
}

static void tear_down(void)
{
    vmb_remove_tree(logs);
    g_free(logs);
}

/* A directory with a file in it. */
static void make_run(const char *name)
{
    g_autofree char *path = g_build_filename(logs, name, "test-x86", NULL);
    g_autofree char *file = g_build_filename(path, "failure.txt", NULL);

    ck_assert_int_eq(g_mkdir_with_parents(path, 0755), 0);
    ck_assert(g_file_set_contents(file, "a failure", -1, NULL));
}

static gboolean is_there(const char *name)
{
    g_autofree char *path = g_build_filename(logs, name, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void make_old_runs(guint count)
{
    for (guint i = 1; i <= count; i++) {
        g_autofree char *name = g_strdup_printf("run-202601%02u-120000-77", i);

        make_run(name);
    }
}

START_TEST(the_newest_stay)
{
    make_old_runs(5);
    make_run("run-mine");
    make_run("20260101");
    g_autoptr(VmbRunLogs) run = vmb_run_logs_new(logs, 3, NULL);

    ck_assert_ptr_nonnull(run);
    ck_assert(g_str_has_prefix(run->path, logs) && g_file_test(run->path, G_FILE_TEST_IS_DIR));
    ck_assert(is_there("run-20260105-120000-77") && is_there("run-20260104-120000-77"));
    ck_assert(!is_there("run-20260103-120000-77") && !is_there("run-20260101-120000-77"));
    ck_assert(is_there("run-mine") && is_there("20260101"));
}
END_TEST

START_TEST(all_can_be_kept)
{
    make_old_runs(5);
    g_autoptr(VmbRunLogs) run = vmb_run_logs_new(logs, 0, NULL);

    ck_assert_ptr_nonnull(run);
    ck_assert(is_there("run-20260101-120000-77"));
}
END_TEST

/* The name of a run that began long ago, as if it were this one's. */
START_TEST(a_run_that_goes_on_stays)
{
    VmbRunLogs *first = vmb_run_logs_new(logs, 1, NULL);
    g_autofree char *old = g_build_filename(logs, "run-20260101-120000-77", NULL);

    ck_assert_ptr_nonnull(first);
    ck_assert_int_eq(g_rename(first->path, old), 0);
    g_autoptr(VmbRunLogs) second = vmb_run_logs_new(logs, 1, NULL);

    ck_assert_ptr_nonnull(second);
    ck_assert(is_there("run-20260101-120000-77"));
    make_run("run-20260101-120000-77"); /* it is not empty any more */
    vmb_run_logs_free(first);
    ck_assert(is_there("run-20260101-120000-77"));
    g_clear_pointer(&second, vmb_run_logs_free);
    second = vmb_run_logs_new(logs, 1, NULL);
    ck_assert(!is_there("run-20260101-120000-77"));
}
END_TEST

START_TEST(an_empty_one_goes)
{
    g_autofree char *path = NULL;
    VmbRunLogs *run = vmb_run_logs_new(logs, 3, NULL);

    ck_assert_ptr_nonnull(run);
    path = g_strdup(run->path);
    vmb_run_logs_free(run);
    ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
}
END_TEST

/* Half a day ahead: a run of there would look newer than later ones of here. */
START_TEST(names_tell_the_same_time_in_every_zone)
{
    g_autoptr(GDateTime) before = g_date_time_new_now_utc();
    g_autofree char *least = g_date_time_format(before, "run-%Y%m%d-%H%M%S");
    g_autofree char *name = NULL;
    g_autofree char *most = NULL;

    g_setenv("TZ", "AHEAD-12", TRUE);
    g_autoptr(VmbRunLogs) run = vmb_run_logs_new(logs, 3, NULL);
    g_autoptr(GDateTime) after = g_date_time_new_now_utc();

    most = g_date_time_format(after, "run-%Y%m%d-%H%M%S.");
    name = g_path_get_basename(run->path);
    ck_assert_msg(strcmp(name, least) > 0 && strcmp(name, most) < 0, "%s", name);
}
END_TEST

START_TEST(a_file_in_its_place_is_told)
{
    g_autofree char *file = g_build_filename(logs, "file", NULL);
    g_autoptr(GError) error = NULL;

    ck_assert(g_file_set_contents(file, "", 0, NULL));
    ck_assert_ptr_null(vmb_run_logs_new(file, 3, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(error->message, "choose another with --logs"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_logs");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, the_newest_stay);
    tcase_add_test(all, all_can_be_kept);
    tcase_add_test(all, a_run_that_goes_on_stays);
    tcase_add_test(all, an_empty_one_goes);
    tcase_add_test(all, names_tell_the_same_time_in_every_zone);
    tcase_add_test(all, a_file_in_its_place_is_told);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
