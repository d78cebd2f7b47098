/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenario_run.h"

#include <check.h>
#include <string.h>

Child child;

void scenario_setup(void)
{
    child_init(&child);
}

void scenario_teardown(void)
{
    child_finish(&child);
}

void write_scenario(const char *name, const char *text)
{
    g_autofree char *directory = g_build_filename(child.dir, "tests", name, NULL);
    g_autofree char *file = g_build_filename(directory, "scenario.ini", NULL);

    ck_assert_int_eq(g_mkdir_with_parents(directory, 0755), 0);
    ck_assert(g_file_set_contents(file, text, -1, NULL));
}

int run(const char *option, const char *value)
{
    g_autofree char *tests = child_path(&child, "tests");
    const char *args[] = {"run", "--accel", "tcg", "--dir", tests, option, value, NULL};

    return child_run(&child, args);
}

void assert_says(const char *text, const char *words)
{
    ck_assert_msg(strstr(text, words) != NULL, "`%s` is not in:\n%s\n%s", words, child.out,
                  child.err);
}

char *bundle_of(const char *test)
{
    g_autofree char *logs = child_path(&child, "logs");
    g_autoptr(GDir) dir = g_dir_open(logs, 0, NULL);
    const char *name = g_dir_read_name(dir);

    ck_assert_ptr_nonnull(name);
    ck_assert_ptr_null(g_dir_read_name(dir));
    return g_build_filename(logs, name, test, NULL);
}

char *read_kept(const char *test, const char *name)
{
    g_autofree char *bundle = bundle_of(test);
    g_autofree char *path = g_build_filename(bundle, name, NULL);
    char *text = NULL;

    ck_assert_msg(g_file_get_contents(path, &text, NULL, NULL), "%s", path);
    return text;
}
