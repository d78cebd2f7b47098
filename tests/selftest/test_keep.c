/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench run --keep-on-fail: the guest that is left, and whoever looks into it. */
#include <string.h>

#include "error.h"
#include "scenario_run.h"
#include "tap.h"
#include "unix_socket.h"

/* A test that fails, and whose guest is there to be looked at. */
static void start_scenario(const char *text)
{
    g_autofree char *tests = child_path(&child, "tests");
    const char *args[] = {"run", "--accel", "tcg", "--keep-on-fail", "--dir", tests, NULL};

    write_scenario("bad", text);
    child_start(&child, FALSE, args);
    child_await_text(&child, "err", "ranges:");
}

static void start(void)
{
    start_scenario(RUN("sh -c 'exit 3'"));
}

/* The socket whose path is behind `words` in what was printed. */
static GSocketConnection *connect_behind(const char *words)
{
    g_autofree char *err = child_path(&child, "err");
    g_autofree char *text = NULL;
    g_autofree char *path = NULL;
    const char *at;

    ck_assert(g_file_get_contents(err, &text, NULL, NULL));
    at = strstr(text, words);
    ck_assert_msg(at != NULL, "%s", text);
    at += strlen(words);
    path = g_strndup(at, strcspn(at, "'\n"));
    return socket_connect(path);
}

static GSocketConnection *connect_monitor(void)
{
    GSocketConnection *monitor = connect_behind("UNIX-CONNECT:");

    socket_say(monitor, "{\"execute\": \"qmp_capabilities\"}");
    socket_hear(monitor, "{\"return\": {}}");
    return monitor;
}

static void quit(GSocketConnection *monitor)
{
    socket_say(monitor, "{\"execute\": \"quit\"}");
    ck_assert_int_eq(child_wait(&child), VMB_ERROR_PROGRAM_FAILED);
    assert_says(child.err, "  QEMU has ended: there is nothing more to look at\n");
    assert_says(child.out, "FAIL  bad:x86");
}

START_TEST(a_monitor_that_quits_ends_it)
{
    g_autoptr(GSocketConnection) monitor = NULL;

    start();
    monitor = connect_monitor();
    socket_say(monitor, "{\"execute\": \"query-status\"}");
    socket_hear(monitor, "\"status\": \"paused\"");
    quit(monitor);
}
END_TEST

/* gdb's packet of `detach` lets the guest run. */
static void leave_with_gdb(void)
{
    g_autoptr(GSocketConnection) gdb = connect_behind("target remote ");

    socket_say(gdb, "$D#44");
    socket_hear(gdb, "$OK#9a");
    ck_assert(g_io_stream_close(G_IO_STREAM(gdb), NULL, NULL));
    child_await_text(&child, "err", "  gdb has left and let the guest run on: it is paused again\n");
}

/* Who is at the monitor may let it run too. */
START_TEST(a_guest_that_gdb_leaves_is_paused_again)
{
    g_autoptr(GSocketConnection) monitor = NULL;

    start();
    leave_with_gdb();
    monitor = connect_monitor();
    socket_say(monitor, "{\"execute\": \"query-status\"}");
    socket_hear(monitor, "\"status\": \"paused\"");
    socket_say(monitor, "{\"execute\": \"cont\"}{\"execute\": \"query-status\"}");
    socket_hear(monitor, "\"status\": \"running\"");
    quit(monitor);
}
END_TEST

/* Whose directory is beside its tests'. */
static void await_panic(void)
{
    g_autofree char *run = bundle_of(NULL);
    g_autoptr(GDir) dir = g_dir_open(run, 0, NULL);
    g_autofree char *log = NULL;
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL && !g_str_has_prefix(name, "guest-")) {
        continue;
    }
    ck_assert_ptr_nonnull(name);
    log = g_build_filename(run + strlen(child.dir), name, "console.log", NULL);
    child_await_text(&child, log, "Kernel panic");
}

/* The kernel stays in its panic, which would be a verdict if the guest were not held. */
START_TEST(a_guest_that_panics_meanwhile_is_looked_after)
{
    GSocketConnection *monitor = NULL;

    start_scenario("[scenario]\nmachines = x86\nappend = unknown_nmi_panic panic=0\n"
                   "[step s]\nrun = false\n");
    monitor = connect_monitor();
    socket_say(monitor, "{\"execute\": \"cont\"}{\"execute\": \"inject-nmi\"}");
    await_panic();
    g_object_unref(monitor);
    leave_with_gdb();
    g_autoptr(GSocketConnection) again = connect_monitor();

    quit(again);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keep");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 4 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(all, scenario_setup, scenario_teardown);
    tcase_add_test(all, a_monitor_that_quits_ends_it);
    tcase_add_test(all, a_guest_that_gdb_leaves_is_paused_again);
    tcase_add_test(all, a_guest_that_panics_meanwhile_is_looked_after);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
