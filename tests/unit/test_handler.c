/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handler: what is kept of its output, and how its end is judged. */
#include "handler.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tap.h"

static char *directory;
static VmbAlarm *alarm_;

static void make_directory(void)
{
    directory = g_dir_make_tmp("vmbench-handler-XXXXXX", NULL);
    alarm_ = vmb_alarm_new(1.0);
}

static void remove_directory(void)
{
    static const char *const files[] = {"handler", "handler.log", "handler.err"};

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(directory, files[i], NULL);

        g_remove(path);
    }
    ck_assert_int_eq(g_rmdir(directory), 0);
    g_free(directory);
    vmb_alarm_free(alarm_);
}

static VmbHandler *start_handler(const char *script)
{
    g_autofree char *path = g_build_filename(directory, "handler", NULL);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", script);
    g_autoptr(GError) error = NULL;
    VmbHandler *handler;

    ck_assert(g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    handler = vmb_handler_start(path, "127.0.0.1:1", directory, alarm_, &error);
    ck_assert_ptr_nonnull(handler);
    return handler;
}

START_TEST(ticks_are_left_out_of_a_handlers_output)
{
    g_autoptr(VmbHandler) handler =
        start_handler("printf 'tick\\nwrite 1\\nticks\\ntick\\nread $1\\n'; exec sleep 600");
    g_autoptr(GError) error = NULL;

    ck_assert(vmb_handler_wait_lines(handler, 3, 30000, &error));
    ck_assert(vmb_handler_stop(handler, &error));
    g_autoptr(GString) output = vmb_handler_output(handler);
    g_autofree char *path = g_build_filename(directory, "handler.log", NULL);
    g_autofree char *log = NULL;

    ck_assert_str_eq(output->str, "write 1\nticks\nread $1\n");
    ck_assert(g_file_get_contents(path, &log, NULL, NULL));
    ck_assert_str_eq(log, "tick\nwrite 1\nticks\ntick\nread $1\n");
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
}
END_TEST

START_TEST(too_few_lines_are_no_error)
{
    g_autoptr(VmbHandler) handler = start_handler("echo one; exec sleep 600");
    g_autoptr(GError) error = NULL;

    ck_assert(vmb_handler_wait_lines(handler, 2, 50, &error));
    ck_assert_ptr_null(error);
}
END_TEST

#define MUCH (8 * 1024 * 1024)

/* What a test of the output has seen. */
typedef struct {
    gint64 last; /* when it looked last, g_get_monotonic_time(); 0: not yet */
    gboolean whole;
} Looks;

static gboolean is_whole(gpointer data, const GString *output)
{
    Looks *looks = data;
    gint64 now = g_get_monotonic_time();

    ck_assert_msg(looks->last == 0 || now - looks->last >= 50 * G_TIME_SPAN_MILLISECOND,
                  "again after %" G_GINT64_FORMAT " us", now - looks->last);
    looks->last = now;
    looks->whole = output->len == MUCH + 3;
    return looks->whole;
}

/*
 * It comes in hundreds of pieces, and each look is at all of it. Behind the last one nothing happens: the
 * wait has no end of its own, so that it cannot be what looks once more.
 */
START_TEST(much_output_is_not_looked_at_all_the_time)
{
    g_autofree char *script = g_strdup_printf("head -c %d /dev/zero; printf end; exec sleep 600", MUCH);
    g_autoptr(VmbHandler) handler = start_handler(script);
    Looks looks = {0};
    const VmbHandlerWanted wanted = {.test = is_whole, .data = &looks};
    g_autoptr(GError) error = NULL;

    ck_assert(vmb_handler_wait_output(handler, &wanted, 0, &error));
    ck_assert(looks.whole);
}
END_TEST

START_TEST(a_handlers_death_is_told_with_its_last_words)
{
    g_autoptr(VmbHandler) handler = start_handler("echo first >&2; echo cannot go on >&2; exit 7");
    g_autoptr(GError) error = NULL;

    ck_assert(!vmb_handler_wait_lines(handler, 1, 30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_HANDLER_DIED));
    ck_assert_ptr_nonnull(strstr(error->message, "ended with exit status 7: cannot go on: "));
}
END_TEST

START_TEST(a_handler_gets_the_endpoint)
{
    g_autoptr(VmbHandler) handler = start_handler("echo \"$# $1\"; exec sleep 600");
    g_autoptr(GError) error = NULL;

    ck_assert(vmb_handler_wait_lines(handler, 1, 30000, &error));
    g_autoptr(GString) output = vmb_handler_output(handler);

    ck_assert_str_eq(output->str, "1 127.0.0.1:1\n");
}
END_TEST

START_TEST(a_handlers_output_is_kept_byte_for_byte)
{
    g_autoptr(VmbHandler) handler =
        start_handler("printf 'a\\0b\\ntick\\nrest'; exec sleep 600");
    g_autoptr(GError) error = NULL;

    ck_assert(vmb_handler_wait_lines(handler, 1, 30000, &error));
    ck_assert(vmb_handler_stop(handler, &error));
    g_autoptr(GString) output = vmb_handler_output(handler);

    ck_assert_uint_eq(output->len, 8);
    ck_assert_mem_eq(output->str, "a\0b\nrest", 8);
}
END_TEST

START_TEST(a_handler_that_prints_without_end_is_stopped)
{
    static const struct {
        const char *script;
        const char *log;
    } streams[] = {{"exec yes", "handler.log"}, {"exec yes >&2", "handler.err"}};
    g_autoptr(VmbHandler) handler = start_handler(streams[_i].script);
    g_autofree char *path = g_build_filename(directory, streams[_i].log, NULL);
    g_autoptr(GError) error = NULL;
    GStatBuf log;

    ck_assert(!vmb_handler_wait_lines(handler, G_MAXUINT, 50000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_HANDLER_DIED));
    ck_assert_ptr_nonnull(strstr(error->message, "more than 16 MiB: "));
    ck_assert_int_eq(g_stat(path, &log), 0);
    ck_assert_uint_le((guint64)log.st_size, VMB_HANDLER_OUTPUT_MAX);
}
END_TEST

/* A disk that is full takes what it has room for, and only the next write says why. */
START_TEST(a_log_that_cannot_be_written_is_told)
{
    const struct rlimit small = {100, RLIM_INFINITY}, endless = {RLIM_INFINITY, RLIM_INFINITY};
    gboolean ok;

    signal(SIGXFSZ, SIG_IGN);
    g_autoptr(VmbHandler) handler =
        start_handler("printf '%0200d\\n' 0; exec sleep 600");
    g_autoptr(GError) error = NULL;

    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ok = vmb_handler_wait_lines(handler, 2, 30000, &error);
    setrlimit(RLIMIT_FSIZE, &endless); /* Check writes files, too */
    ck_assert(!ok);
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(error->message, "handler.log: File too large: make room"));
}
END_TEST

/* One that left its handler's group writes on when that one is dead. */
START_TEST(what_is_read_of_a_dead_handler_has_an_end)
{
    g_autoptr(VmbHandler) handler =
        start_handler("setsid sh -c 'exec yes' & echo started; exec sleep 600");
    g_autoptr(GError) error = NULL;

    ck_assert(vmb_handler_wait_lines(handler, 1, 30000, &error));
    vmb_handler_kill(handler, NULL);
}
END_TEST

static const struct {
    const char *script;
    const char *says; /* NULL: all is well */
} stops[] = {
    {"trap 'exit 0' TERM; echo x; while :; do sleep 0.01; done", NULL},
    {"trap 'exit 143' TERM; echo x; while :; do sleep 0.01; done", NULL},
    {"trap '' TERM; echo x; while :; do sleep 0.01; done", NULL},
    {"echo x; exec sleep 600", NULL},
    {"trap 'exit 3' TERM; echo x; while :; do sleep 0.01; done", "exit status 3: "},
    {"trap 'kill -SEGV $$' TERM; echo x; while :; do sleep 0.01; done", "signal 11 "},
    {"trap 'kill -KILL $$' TERM; echo x; while :; do sleep 0.01; done", "signal 9 "},
};

START_TEST(how_it_ends_when_it_is_stopped_counts)
{
    g_autoptr(VmbHandler) handler = start_handler(stops[_i].script);
    g_autoptr(GError) error = NULL;

    ck_assert(vmb_handler_wait_lines(handler, 1, 30000, &error));
    ck_assert_int_eq(vmb_handler_stop(handler, &error), stops[_i].says == NULL);
    if (stops[_i].says != NULL) {
        ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_HANDLER_DIED));
        ck_assert_msg(strstr(error->message, stops[_i].says) != NULL, "%s", error->message);
    }
}
END_TEST

/* The event loop does not run between its end and the stop; GLib may have reaped it, though. */
static void await_zombie(void)
{
    siginfo_t info;

    ck_assert(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0 || errno == ECHILD);
}

START_TEST(one_that_died_before_its_end_has_died)
{
    gboolean (*ends[])(VmbHandler *handler, GError **error) = {vmb_handler_stop, vmb_handler_kill};
    const char *scripts[] = {"kill -SEGV $$", "kill -KILL $$", "kill -TERM $$", "exit 0"};
    g_autoptr(VmbHandler) handler = start_handler(scripts[_i % 4]);
    g_autoptr(GError) error = NULL;

    await_zombie();
    ck_assert(!ends[_i / 4](handler, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_HANDLER_DIED));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("handler");
    TCase *cases = tcase_create("handler");

    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, make_directory, remove_directory);
    tcase_add_test(cases, ticks_are_left_out_of_a_handlers_output);
    tcase_add_test(cases, too_few_lines_are_no_error);
    tcase_add_test(cases, much_output_is_not_looked_at_all_the_time);
    tcase_add_test(cases, a_handlers_death_is_told_with_its_last_words);
    tcase_add_test(cases, a_handler_gets_the_endpoint);
    tcase_add_test(cases, a_handlers_output_is_kept_byte_for_byte);
    tcase_add_loop_test(cases, a_handler_that_prints_without_end_is_stopped, 0, 2);
    tcase_add_test(cases, what_is_read_of_a_dead_handler_has_an_end);
    tcase_add_test(cases, a_log_that_cannot_be_written_is_told);
    tcase_add_loop_test(cases, how_it_ends_when_it_is_stopped_counts, 0, G_N_ELEMENTS(stops));
    tcase_add_loop_test(cases, one_that_died_before_its_end_has_died, 0, 8);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
