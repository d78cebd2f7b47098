/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The word that the user meant. */
#include "nearest.h"

#include "tap.h"

START_TEST(the_word_that_differs_least)
{
    static const char *const words[] = {"machines", "timeout", "isolate", "network", "add", NULL};
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        {"machines", "machines"}, {"machine", "machines"}, {"timeuot", "timeout"},
        {"imeout", "timeout"},    {"isolated", "isolate"}, {"netwrk", "network"},
        {"ad", "add"},            {"addd", "add"},         {"odd", "add"},
        {"dad", "add"},           {"net", "network"},      {"addition", "add"},
        {"i", "isolate"},         {"adds NAME", "add"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        ck_assert_str_eq(vmb_nearest(cases[i].word, words), cases[i].nearest);
    }
}
END_TEST

START_TEST(the_first_of_equals)
{
    static const char *const words[] = {"ab", "ac", "ad", NULL};

    ck_assert_str_eq(vmb_nearest("ax", words), "ab");
}
END_TEST

/* More than a third is wrong, and it begins none. */
START_TEST(far_off_is_none)
{
    static const char *const words[] = {"machines", "timeout", "yes", "no", "model NAME", NULL};
    static const char *const far[] = {"", "x", "any", "server", "mchns", "range", "out", "me"};

    for (gsize i = 0; i < G_N_ELEMENTS(far); i++) {
        const char *nearest = vmb_nearest(far[i], words);

        ck_assert_msg(nearest == NULL, "%s for %s", nearest, far[i]);
    }
}
END_TEST

START_TEST(of_no_words_none)
{
    static const char *const words[] = {NULL};

    ck_assert_ptr_null(vmb_nearest("any", words));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nearest");
    TCase *cases = tcase_create("nearest");

    tcase_add_test(cases, the_word_that_differs_least);
    tcase_add_test(cases, the_first_of_equals);
    tcase_add_test(cases, far_off_is_none);
    tcase_add_test(cases, of_no_words_none);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
