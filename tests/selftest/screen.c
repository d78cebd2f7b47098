/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "screen.h"

#include <check.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static Child *child;
static GString *screen;

void screen_open(Child *whose)
{
    child = whose;
    screen = g_string_new(NULL);
}

void screen_close(void)
{
    g_string_free(screen, TRUE);
}

const char *screen_text(void)
{
    return screen->str;
}

void screen_clear(void)
{
    g_string_truncate(screen, 0);
}

/* FALSE when the child has closed the terminal. */
static gboolean read_screen(void)
{
    struct pollfd readable = {.fd = child->terminal, .events = POLLIN};
    char buffer[1024];
    ssize_t n;

    if (poll(&readable, 1, 10) <= 0) {
        return TRUE;
    }
    n = read(child->terminal, buffer, sizeof(buffer));
    for (ssize_t i = 0; i < n; i++) {
        if (buffer[i] != '\0') { /* a terminal shows nothing for it, and the text would end there */
            g_string_append_c(screen, buffer[i]);
        }
    }
    return n > 0;
}

void screen_await(const char *text)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_SECONDS * G_USEC_PER_SEC;

    while (strstr(screen->str, text) == NULL) {
        ck_assert_msg(g_get_monotonic_time() < end, "no `%s` on the screen: %s", text,
                      screen->str);
        ck_assert_msg(read_screen(), "the terminal closed before `%s`: %s", text, screen->str);
    }
}

void screen_type(const char *keys)
{
    ck_assert_int_eq(write(child->terminal, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static gboolean has_more(void)
{
    struct pollfd terminal = {child->terminal, POLLIN, 0};

    return poll(&terminal, 1, 0) == 1 && (terminal.revents & POLLIN) != 0;
}

int screen_wait_end(void)
{
    while (!child_has_ended(child) && read_screen()) {
    }
    while (has_more() && read_screen()) { /* its last words, when it was quicker than we */
    }
    return child_wait(child);
}
