/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short options that have their value in the same word. */
#include "rootfs_short_options.h"

#include "tap.h"

static const GOptionEntry entries[] = {
    {"jobs", 'j', 0, G_OPTION_ARG_INT, NULL, NULL, NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
    {"long", 0, 0, G_OPTION_ARG_STRING, NULL, NULL, NULL},
    G_OPTION_ENTRY_NULL,
};
static const GOptionEntry more[] = {
    {"dir", 'd', 0, G_OPTION_ARG_FILENAME_ARRAY, NULL, NULL, NULL},
    G_OPTION_ENTRY_NULL,
};

static const struct {
    const char *given, *want;
} cases[] = {
    {"run -j2 a", "run -j 2 a"},
    {"run -j 2", "run -j 2"},
    {"run -j", "run -j"},
    {"run -j-1", "run -j -1"},
    {"run -dmy/tests -j2", "run -d my/tests -j 2"},
    {"run -qj2", "run -qj2"},
    {"run --jobs=2 --j2 - --", "run --jobs=2 --j2 - --"},
    {"run -j2 -- -j3", "run -j 2 -- -j3"},
    {"run -x2", "run -x2"},
    {"run --long -j2 -j3", "run --long -j2 -j 3"},
    {"run --long=a -j2", "run --long=a -j 2"},
    {"run --quiet -j2", "run --quiet -j 2"},
    {"run -d -j2 -j3", "run -d -j2 -j 3"},
    {"run --dir -- -j2 -- -j3", "run --dir -- -j 2 -- -j3"},
    {"run -qd -j2 -j3", "run -qd -j2 -j 3"},
    {"run -q -j2", "run -q -j 2"},
};

START_TEST(joined_values_are_split)
{
    g_auto(GStrv) given = g_strsplit(cases[_i].given, " ", -1);
    g_auto(GStrv) words = rootfs_short_options_split((int)g_strv_length(given), given, entries, more);
    g_autofree char *text = g_strjoinv(" ", words);

    ck_assert_str_eq(text, cases[_i].want);
}
END_TEST

START_TEST(one_list_will_do)
{
    char *given[] = {(char *)"run", (char *)"-j2", (char *)"-d."};
    g_auto(GStrv) words = rootfs_short_options_split(3, given, entries, NULL);
    g_autofree char *text = g_strjoinv(" ", words);

    ck_assert_str_eq(text, "run -j 2 -d.");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rootfs_short_options");
    TCase *all = tcase_create("all");

    tcase_add_loop_test(all, joined_values_are_split, 0, G_N_ELEMENTS(cases));
    tcase_add_test(all, one_list_will_do);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
