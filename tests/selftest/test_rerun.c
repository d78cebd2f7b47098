/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rerun.sh, which a test that failed leaves: the same machine once more, on a terminal. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "scenario_run.h"
#include "screen.h"
#include "tap.h"
#include "unix_socket.h"

static char *port;

static void setup(void)
{
    scenario_setup();
    screen_open(&child);
    port = child_free_port();
    g_setenv("PORT", port, TRUE);
}

static void teardown(void)
{
    screen_close();
    scenario_teardown();
    g_free(port);
}

/* Run what the test has left. */
static void start_rerun(const char *test, gboolean terminal)
{
    static const char *const no_args[] = {NULL};
    g_autofree char *bundle = bundle_of(test);
    g_autofree char *script = g_build_filename(bundle, "rerun.sh", NULL);

    child.program = script;
    child_start(&child, terminal, no_args);
    child.program = NULL;
}

/* On the terminal, and wait for its guest's prompt. */
static void rerun(const char *test)
{
    screen_clear();
    start_rerun(test, TRUE);
    screen_await("/ # ");
}

/* `format` has the port for its %s. */
static void assert_on_screen(const char *format)
{
    g_autofree char *words = g_strdup_printf(format, port);

    ck_assert_msg(strstr(screen_text(), words) != NULL, "`%s` is not in:\n%s", words, screen_text());
}

static void leave(void)
{
    screen_type("exit\n");
    ck_assert_int_eq(screen_wait_end(), 0);
}

/* A socket in the bundle of the test. Free with g_object_unref(). */
static GSocketConnection *connect_to(const char *test, const char *name)
{
    g_autofree char *bundle = bundle_of(test);
    g_autofree char *path = g_build_filename(bundle, name, NULL);

    return socket_connect(path);
}

/* The directory of the guest is gone by then, and so is what was added to its image there. */
START_TEST(a_guest_with_additions_can_be_run_again)
{
    g_autofree char *image = NULL;
    g_autofree char *bundle = NULL;
    g_autofree char *bytes = NULL;
    g_autofree char *sum = NULL;
    g_autofree char *versions = NULL;
    g_autofree char *script = NULL;
    gsize len;

    write_scenario("added", "[scenario]\nmachines = x86\nadd = scenario.ini:/added\n"
                   "[step s]\nrun = false\n");
    ck_assert_int_eq(run("--cold", NULL), VMB_ERROR_PROGRAM_FAILED);
    bundle = bundle_of("added-x86");
    image = g_build_filename(bundle, "image.cpio", NULL);
    ck_assert(g_file_get_contents(image, &bytes, &len, NULL));
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)bytes, len);
    versions = read_kept("added-x86", "versions.txt");
    assert_says(versions, sum);
    assert_says(versions, image);
    script = read_kept("added-x86", "rerun.sh");
    assert_says(script, image); /* the test's own command */
    assert_says(script, "\n#     -initrd ");
    rerun("added-x86");
    screen_type("grep -c machines /added\n");
    screen_await("\n1\r");
    leave();
}
END_TEST

/* As the test started it: where the device is, in its directory, with its words and an open input. */
static const char scenario[] =
    "[scenario]\nmachines = x86\n"
    "[range first]\n[range window]\nstart = 0xfef10000\nendpoint = 1\n"
    "[handler ended]\ncommand = vmmio-test-outside\n"
    "[handler it is]\ncommand = sh -c 'echo $WORD $1 $(cat scenario.ini | grep -c machines) >&2; "
    "exec vmmio-test-outside {endpoint}' sh {port}\n"
    "environment = WORD=$two words;PATH=%s:/usr/bin:/bin\nrange = window\n"
    "[step one]\nstart = ended\n[step two]\nstart = it is\n[step end]\nstop = ended\n"
    "[step again]\nrestart = it is\n"
    "[step fail]\nrun = false\n";

START_TEST(handlers_that_ran_run_again)
{
    g_autofree char *handlers = g_path_get_dirname(g_getenv("OUTSIDE"));
    g_autofree char *text = g_strdup_printf(scenario, handlers);
    g_autofree char *log = NULL;
    g_autoptr(GSocketConnection) monitor = NULL;
    g_autofree char *says = g_strdup_printf("$two words %s 2\n", port);

    write_scenario("device", text);
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROGRAM_FAILED);
    rerun("device-x86");
    assert_on_screen("vMMIO:   vmmio0 at 0xfef00000, handlers connect to 127.0.0.1:%s ");
    assert_on_screen("vMMIO:   vmmio1 at 0xfef10000, handlers connect to 127.0.0.2:%s ");
    ck_assert_ptr_null(strstr(screen_text(), "ended"));
    screen_type("until devmem 0xfef10000 8 90; devmem 0xfef10000 8 | grep 0x5A; do :; done\n");
    screen_await("0x5A\r"); /* not the line that was typed */
    screen_type("devmem 0xfef00000 32\n");
    screen_await("0xAAAAAAAA");
    log = read_kept("device-x86", "rerun-it is.log");
    assert_says(log, says);
    monitor = connect_to("device-x86", "qmp");
    socket_hear(monitor, "{\"QMP\": ");
    screen_type("sh -c 'echo $((6 * 7)) runs; exec sleep 600'\n");
    screen_await("42 runs");
    screen_type("\003"); /* the guest's */
    screen_await("^C");
    screen_type("echo $((6 * 8)) is next\n");
    screen_await("48 is next");
    leave();
}
END_TEST

START_TEST(guests_beside_run_again)
{
    g_autoptr(GSocketConnection) console = NULL;

    write_scenario("pair", "[scenario]\nmachines = x86\n[guest peer]\n[step fail]\nrun = false\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROGRAM_FAILED);
    rerun("pair-x86");
    assert_on_screen("guest:   peer, with a shell: socat ");
    console = connect_to("pair-x86", "guest-1.console");
    socket_say(console, "\n"); /* when it has its prompt it gives another */
    socket_hear(console, "/ # ");
    socket_say(console, "echo $((6 * 7)) is the answer\n");
    socket_hear(console, "42 is the answer");
    leave();
}
END_TEST

/* A test that fails behind the start of its handler. */
static void fail_with_handler(void)
{
    write_scenario("handled", "[scenario]\nmachines = x86\n" HANDLER
                   "[step s]\nstart = outside\n[step fail]\nrun = false\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROGRAM_FAILED);
}

static void assert_gone(const char *test, const char *name)
{
    g_autofree char *bundle = bundle_of(test);
    g_autofree char *path = g_build_filename(bundle, name, NULL);

    ck_assert_msg(access(path, F_OK) != 0, "%s is left", path);
}

static const int signals[] = {SIGHUP, SIGINT, SIGTERM};

/* Without a terminal, whose end alone would end QEMU. */
START_TEST(a_signal_ends_all_of_it)
{
    fail_with_handler();
    start_rerun("handled-x86", FALSE);
    child_await_text(&child, "out", "/ # ");
    child_find(&child, "vmmio-test-outside");
    kill(child.pid, signals[_i]);
    ck_assert_int_eq(child_wait(&child), 143);
    child_assert_nothing_left(&child);
    assert_gone("handled-x86", "qmp");
    assert_gone("handled-x86", "gdb");
    assert_gone("handled-x86", "handler-outside.in");
}
END_TEST

/* The hangup that its terminal's end brings to the others ends them, and none of them cleans up. */
START_TEST(it_runs_again_behind_one_that_was_killed)
{
    fail_with_handler();
    rerun("handled-x86");
    kill(child.pid, SIGKILL);
    ck_assert_int_eq(screen_wait_end(), -SIGKILL);
    child_assert_nothing_left(&child);
    close(child.terminal);
    rerun("handled-x86");
    screen_type("until devmem 0xfef00000 8 90; devmem 0xfef00000 8 | grep 0x5A; do :; done\n");
    screen_await("0x5A\r");
    leave();
}
END_TEST

START_TEST(a_scenario_that_has_gone_is_told)
{
    g_autofree char *from = child_path(&child, "tests");
    g_autofree char *to = child_path(&child, "moved");
    g_autofree char *says = g_strdup_printf("the handler outside cannot be started in %s/handled: ", from);

    fail_with_handler();
    ck_assert_int_eq(g_rename(from, to), 0);
    start_rerun("handled-x86", FALSE);
    ck_assert_int_eq(child_wait(&child), 1);
    assert_says(child.err, says);
    ck_assert_str_eq(strchr(child.err, '\n'), "\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rerun");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 4 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_guest_with_additions_can_be_run_again);
    tcase_add_test(all, handlers_that_ran_run_again);
    tcase_add_test(all, guests_beside_run_again);
    tcase_add_loop_test(all, a_signal_ends_all_of_it, 0, G_N_ELEMENTS(signals));
    tcase_add_test(all, it_runs_again_behind_one_that_was_killed);
    tcase_add_test(all, a_scenario_that_has_gone_is_told);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
