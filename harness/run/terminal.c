/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile sig_atomic_t is_raw;

/* Also called from a signal handler: tcsetattr() is async-signal-safe. */
void vmb_terminal_restore(void)
{
    if (is_raw) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
        is_raw = 0;
    }
}

/* SA_RESETHAND has put the default action back: raising again ends the program as it would have. */
static void on_crash(int number)
{
    vmb_terminal_restore();
    raise(number);
}

static void catch_crashes(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_RESETHAND};

    for (guint i = 0; i < G_N_ELEMENTS(crashes); i++) {
        sigaction(crashes[i], &action, NULL);
    }
}

gboolean vmb_terminal_is_live(int fd)
{
    const char *term = g_getenv("TERM");

    return isatty(fd) && term != NULL && !g_str_equal(term, "dumb");
}

gboolean vmb_terminal_has_colour(int fd)
{
    const char *no_color = g_getenv("NO_COLOR");

    return vmb_terminal_is_live(fd) && (no_color == NULL || no_color[0] == '\0');
}

gboolean vmb_terminal_make_raw(void)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &saved) != 0) {
        return FALSE;
    }
    raw = saved;
    cfmakeraw(&raw);
    is_raw = 1;
    atexit(vmb_terminal_restore);
    catch_crashes();
    return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}
