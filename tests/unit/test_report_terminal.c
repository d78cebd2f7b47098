/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run for people: on a terminal, and without one. */
#include "report_terminal.h"

#include <poll.h>
#include <pty.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "report_run.h"
#include "tap.h"

static void set_environment(void)
{
    g_setenv("TERM", "xterm", TRUE);
    g_unsetenv("NO_COLOR");
}

/* ---- Without a terminal ---- */

START_TEST(plain_lines_without_a_terminal)
{
    VmbRunOutcome *run = report_run_new();
    FILE *out = tmpfile();
    VmbReporter *reporter = vmb_report_terminal_new(out);
    char text[8192];

    reporter->calls->tick(reporter, run);
    ck_assert(report_run_tell(run, reporter, NULL));
    vmb_reporter_free(reporter);
    rewind(out);
    text[fread(text, 1, sizeof(text) - 1, out)] = '\0';
    report_run_compare(text, "terminal.txt");
    fclose(out);
    report_run_free(run);
}
END_TEST

START_TEST(an_output_that_is_full_is_an_error)
{
    VmbRunOutcome *run = report_run_new();
    FILE *full = fopen("/dev/full", "we");
    g_autoptr(VmbReporter) reporter = vmb_report_terminal_new(full);
    g_autoptr(GError) error = NULL;

    ck_assert(!report_run_tell(run, reporter, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    report_run_free(run);
}
END_TEST

/* ---- On one ---- */

/* How long something on the screen may take to come, in milliseconds. */
#define SCREEN_MS 20000

typedef struct {
    int user; /* what the user sees comes out here */
    FILE *out;
    VmbReporter *reporter;
    VmbRunOutcome *run;
} Screen;

static Screen screen_open(unsigned short rows, unsigned short columns)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    struct termios mode;
    Screen screen;
    int terminal;

    ck_assert_int_eq(openpty(&screen.user, &terminal, NULL, NULL, &size), 0);
    ck_assert_int_eq(tcgetattr(terminal, &mode), 0);
    cfmakeraw(&mode);
    ck_assert_int_eq(tcsetattr(terminal, TCSANOW, &mode), 0);
    screen.out = fdopen(terminal, "w");
    screen.run = report_run_new();
    screen.reporter = vmb_report_terminal_new(screen.out);
    screen.reporter->calls->begin(screen.reporter, screen.run);
    return screen;
}

static void screen_close(Screen *screen)
{
    vmb_reporter_free(screen->reporter);
    fclose(screen->out);
    close(screen->user);
    report_run_free(screen->run);
}

/* What is printed from now on, all of it, becomes what the expression says. */
static void screen_expect(const Screen *screen, const char *expression)
{
    g_autoptr(GString) text = g_string_new(NULL);

    while (!g_regex_match_simple(expression, text->str, G_REGEX_DOTALL, 0)) {
        struct pollfd ready = {.fd = screen->user, .events = POLLIN};
        char part[4096];
        ssize_t len = poll(&ready, 1, SCREEN_MS) == 1 ? read(screen->user, part, sizeof(part)) : 0;

        ck_assert_msg(len > 0, "`%s` is not `%s`", text->str, expression);
        g_string_append_len(text, part, len);
    }
}

static void screen_start(const Screen *screen, guint index)
{
    vmb_run_outcome_at(screen->run, index)->started = g_get_monotonic_time();
    screen->reporter->calls->started(screen->reporter, screen->run, index);
}

START_TEST(what_runs_is_drawn_again)
{
    Screen screen = screen_open(24, 80);

    screen_start(&screen, 0);
    screen_start(&screen, 1);
    screen_expect(&screen, "^  \\.\\.\\. memory:raspi4b +\\d+ s\n0 of 7, 0 failed, \\d+ s\n"
                           "\033\\[2A\r\033\\[J  \\.\\.\\. memory:raspi4b +\\d+ s\n"
                           "  \\.\\.\\. memory:x86 +\\d+ s\n0 of 7, 0 failed, \\d+ s\n$");
    screen.reporter->calls->tick(screen.reporter, screen.run);
    screen_expect(&screen, "^\033\\[3A\r\033\\[J  \\.\\.\\. memory:raspi4b +\\d+ s\n"
                           "  \\.\\.\\. memory:x86 +\\d+ s\n0 of 7, 0 failed, \\d+ s\n$");
    screen_close(&screen);
}
END_TEST

START_TEST(a_finished_test_is_above_what_runs)
{
    Screen screen = screen_open(24, 80);

    screen_start(&screen, 1);
    screen_expect(&screen, " s\n0 of 7, 0 failed, \\d+ s\n$");
    report_run_end_test(screen.run, screen.reporter, 0);
    screen_expect(&screen, "^\033\\[2A\r\033\\[J\033\\[32mok   \033\\[0m memory:raspi4b    0\\.31 s"
                           "  restored in 0\\.25 s\n  \\.\\.\\. memory:x86 +\\d+ s\n"
                           "1 of 7, 0 failed, \\d+ s\n$");
    screen_close(&screen);
}
END_TEST

START_TEST(the_end_takes_the_live_lines_away)
{
    Screen screen = screen_open(24, 80);

    ck_assert(report_run_tell(screen.run, screen.reporter, NULL));
    screen_expect(&screen, "\n7 of 7, 4 failed, \\d+ s\n\033\\[1A\r\033\\[J\n"
                           "\033\\[31mFAIL \033\\[0m memory:x86 [^\n]*\n"
                           "\033\\[31mFAIL \033\\[0m evil:x86 [^\n\033]*\n"
                           "\033\\[31mFAIL \033\\[0m page:x86 [^\n]*\n"
                           "\033\\[31mFAIL \033\\[0m uart:x86#2 [^\n]*\n"
                           "\033\\[31m1 passed, 4 failed, 1 flaky, 1 skipped in 12\\.25 s"
                           "\033\\[0m\n$");
    screen_close(&screen);
}
END_TEST

/* A line that wraps, or a block higher than the screen, could not be taken back. */
START_TEST(live_lines_fit_a_small_terminal)
{
    Screen screen = screen_open(4, 16);

    for (guint i = 0; i < 5; i++) {
        screen_start(&screen, i);
        screen_expect(&screen, "0 of 7, 0 faile\n$");
    }
    screen.reporter->calls->tick(screen.reporter, screen.run);
    screen_expect(&screen, "^\033\\[3A\r\033\\[J  \\.\\.\\. memory:ra\n  \\.\\.\\. memory:x8\n"
                           "0 of 7, 0 faile\n$");
    screen_close(&screen);
}
END_TEST

START_TEST(no_color_is_honoured)
{
    g_setenv("NO_COLOR", "1", TRUE);
    Screen screen = screen_open(24, 80);

    report_run_end_test(screen.run, screen.reporter, 0);
    screen_expect(&screen, "^ok    memory:raspi4b    0\\.31 s  restored in 0\\.25 s\n"
                           "1 of 7, 0 failed, \\d+ s\n$");
    screen_close(&screen);
}
END_TEST

START_TEST(an_empty_no_color_is_none)
{
    g_setenv("NO_COLOR", "", TRUE);
    Screen screen = screen_open(24, 80);

    report_run_end_test(screen.run, screen.reporter, 0);
    screen_expect(&screen, "^\033\\[32mok   \033\\[0m [^\n]*\n1 of 7");
    screen_close(&screen);
}
END_TEST

START_TEST(a_dumb_terminal_has_plain_lines)
{
    g_setenv("TERM", "dumb", TRUE);
    Screen screen = screen_open(24, 80);

    report_run_end_test(screen.run, screen.reporter, 0);
    report_run_end_test(screen.run, screen.reporter, 2);
    screen_expect(&screen, "^ok    memory:raspi4b    0\\.31 s  restored in 0\\.25 s\n"
                           "skip  fast:x86          0\\.00 s\n      skipped: [^\n]*\n$");
    screen_close(&screen);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report_terminal");
    TCase *cases = tcase_create("terminal");

    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_environment, NULL);
    tcase_add_test(cases, plain_lines_without_a_terminal);
    tcase_add_test(cases, an_output_that_is_full_is_an_error);
    tcase_add_test(cases, what_runs_is_drawn_again);
    tcase_add_test(cases, a_finished_test_is_above_what_runs);
    tcase_add_test(cases, the_end_takes_the_live_lines_away);
    tcase_add_test(cases, live_lines_fit_a_small_terminal);
    tcase_add_test(cases, no_color_is_honoured);
    tcase_add_test(cases, an_empty_no_color_is_none);
    tcase_add_test(cases, a_dumb_terminal_has_plain_lines);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
