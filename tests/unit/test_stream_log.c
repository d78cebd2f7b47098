/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several streams in one log, line by line. */
#include "stream_log.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "timed_log.h"

static char *path;
static VmbStreamLog *stream_log;

static void set_up(void)
{
    int fd = g_file_open_tmp("vmbench-streams-XXXXXX", &path, NULL);

    ck_assert_int_ge(fd, 0);
    close(fd);
    stream_log = vmb_stream_log_new(path, g_get_monotonic_time(), NULL);
    ck_assert_ptr_nonnull(stream_log);
}

static void tear_down(void)
{
    g_clear_pointer(&stream_log, vmb_stream_log_free);
    g_unlink(path);
    g_free(path);
}

static void say(VmbStreamTap *tap, const char *text)
{
    vmb_stream_tap_take(tap, (const guint8 *)text, strlen(text));
}

/* The log without its times, which are of some seconds. */
static char *read_log(void)
{
    g_autoptr(GRegex) time = g_regex_new("^\\[ {4,5}[0-9]{1,2}\\.[0-9]{6}] ", G_REGEX_MULTILINE, 0, NULL);
    g_autofree char *text = NULL;

    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    return g_regex_replace_literal(time, text, -1, 0, "@ ", 0, NULL);
}

START_TEST(lines_are_not_torn)
{
    VmbStreamTap *in = vmb_stream_log_add(stream_log, "inside");
    VmbStreamTap *out = vmb_stream_log_add(stream_log, "outside");

    say(in, "hal");
    say(out, "one\ntwo\nthr");
    say(in, "lo\n\n");
    say(out, "ee");
    vmb_stream_log_flush(stream_log);
    g_autofree char *text = read_log();

    ck_assert_str_eq(text, "@ outside: one\n@ outside: two\n@ inside: hallo\n@ inside: \n"
                           "@ outside: three\n");
}
END_TEST

START_TEST(a_line_without_end_is_written_in_pieces)
{
    VmbStreamTap *tap = vmb_stream_log_add(stream_log, "a");
    g_autofree char *piece = g_strnfill(4096, 'x');
    g_autofree char *want = g_strdup_printf("@ a: %s\n@ a: %s\n@ a: x\n", piece, piece);

    say(tap, piece);
    say(tap, piece);
    say(tap, "x");
    vmb_stream_log_flush(stream_log);
    g_autofree char *text = read_log();

    ck_assert_str_eq(text, want);
}
END_TEST

START_TEST(what_cannot_be_written_is_told)
{
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(vmb_stream_log_new("/nonexistent/streams.log", 0, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(error->message, "/nonexistent/streams.log: No such file"));
}
END_TEST

/* ---- A full disk ---- */

START_TEST(a_stream_that_is_lost_is_told)
{
    g_autoptr(VmbStreamLog) full = vmb_stream_log_new("/dev/full", 0, NULL);
    VmbStreamTap *tap = vmb_stream_log_add(full, "inside");

    ck_assert(vmb_stream_log_flush(full));
    say(tap, "hallo\n");
    ck_assert(!vmb_stream_log_flush(full));
    ck_assert(!vmb_stream_log_flush(full)); /* it does not come back */
}
END_TEST

START_TEST(a_console_that_is_lost_is_told)
{
    g_autoptr(VmbTimedLog) full = vmb_timed_log_new("/dev/full", 0, NULL);

    ck_assert(vmb_timed_log_is_whole(full));
    vmb_timed_log_take(full, (const guint8 *)"hallo\n", 6);
    ck_assert(!vmb_timed_log_is_whole(full));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream_log");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, lines_are_not_torn);
    tcase_add_test(all, a_line_without_end_is_written_in_pieces);
    tcase_add_test(all, what_cannot_be_written_is_told);
    tcase_add_test(all, a_stream_that_is_lost_is_told);
    tcase_add_test(all, a_console_that_is_lost_is_told);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
