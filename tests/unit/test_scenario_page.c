/* SPDX-License-Identifier: GPL-2.0-or-later */
/* docs/scenario-file.md has each key that a scenario's file may have, and no other. */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

static void add(GPtrArray *keys, const char *group, const char *key)
{
    g_ptr_array_add(keys, g_strdup_printf("[%s] %s\n", group, key));
}

static void take(const char *group, const char *key, gpointer data)
{
    add(data, group, key);
}

/* Of a heading, ## `[scenario]` or ### `run`. NULL: it begins no group. Free with g_free(). */
static char *group_of(const char *heading)
{
    g_auto(GStrv) parts = g_strsplit_set(heading, "`[]", -1);

    for (char **part = parts + 1; *part != NULL; part++) {
        if (**part != '\0') {
            return g_strdup(*part);
        }
    }
    return NULL;
}

/* The keys are all that is between backticks in a row's first cell. */
static void add_row(GPtrArray *keys, const char *group, const char *row)
{
    g_auto(GStrv) cells = g_strsplit(row, " | ", 2);
    g_auto(GStrv) parts = g_strsplit(cells[0], "`", -1);

    for (guint i = 1; i < g_strv_length(parts); i += 2) {
        add(keys, group, parts[i]);
    }
}

static void add_page(GPtrArray *keys, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *group = NULL;

    for (char **line = lines; *line != NULL; line++) {
        if (g_str_has_prefix(*line, "##")) {
            g_free(group);
            group = group_of(*line);
        } else if (group != NULL && g_str_has_prefix(*line, "| `")) {
            add_row(keys, group, *line);
        }
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Free with g_free(). */
static char *sorted_text(GPtrArray *keys)
{
    g_ptr_array_sort(keys, compare);
    g_ptr_array_add(keys, NULL);
    return g_strjoinv("", (char **)keys->pdata);
}

START_TEST(the_page_has_the_keys_of_the_parser)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) documented = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *page = NULL;
    g_autofree char *expected = NULL;
    g_autofree char *got = NULL;

    vmb_scenario_each_key(take, keys);
    ck_assert_uint_gt(keys->len, 50);
    ck_assert(g_file_get_contents(getenv("SCENARIO_PAGE"), &page, NULL, NULL));
    add_page(documented, page);
    expected = sorted_text(keys);
    got = sorted_text(documented);
    ck_assert_str_eq(got, expected);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_page");
    TCase *cases = tcase_create("page");

    tcase_add_test(cases, the_page_has_the_keys_of_the_parser);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
