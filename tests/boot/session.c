/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session on a terminal that a page shows, in the file SESSION: its first line is "$ COMMAND", a
 * line with a prompt ("login: ", "Password: ", "# ") and words behind it has these typed as soon as
 * the prompt is there, and any other line is awaited. Then Ctrl-A X ends the
 * command, which is to end well.
 */
#include <string.h>

#include "screen.h"
#include "tap.h"

static Child child;

static void setup(void)
{
    child_init(&child);
}

static void teardown(void)
{
    child_finish(&child);
}

static void start(const char *command)
{
    g_autofree char *whole = g_strdup_printf("exec %s", command);
    const char *args[] = {"-c", whole, NULL};

    child.program = "/bin/sh";
    screen_open(&child);
    child_start(&child, TRUE, args);
}

/* What stands behind the line's prompt, NULL when it has none. */
static const char *typed_words(const char *line)
{
    static const char *const ends[] = {": ", "# "};

    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        const char *end = strstr(line, ends[i]);

        if (end != NULL) {
            return end + strlen(ends[i]);
        }
    }
    return NULL;
}

static void follow(const char *line)
{
    const char *words = typed_words(line);

    if (words == NULL) {
        screen_await(line);
    } else {
        g_autofree char *prompt = g_strndup(line, (gsize)(words - line));

        screen_await(prompt);
        screen_clear();
        screen_type(words);
        screen_type("\n");
    }
}

START_TEST(a_session_as_the_page_shows_it)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    ck_assert(g_file_get_contents(g_getenv("SESSION"), &text, NULL, NULL));
    lines = g_strsplit(g_strchomp(text), "\n", -1);
    ck_assert_msg(g_str_has_prefix(lines[0], "$ "), "%s", lines[0]);
    start(lines[0] + 2);
    for (char **line = lines + 1; *line != NULL; line++) {
        follow(*line);
    }
    screen_type("\x01x");
    ck_assert_msg(screen_wait_end() == 0, "%s", screen_text());
    screen_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *tc = tcase_create("session");

    tcase_set_timeout(tc, 5 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_session_as_the_page_shows_it);
    suite_add_tcase(suite, tc);
    return tap_run(suite);
}
