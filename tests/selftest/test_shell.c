/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench shell, typed at through a terminal and fed with a script. */
#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "screen.h"
#include "tap.h"

static Child child;
static struct termios before;

static const char *const machines[] = {"raspi4b", "x86"};

static void setup(void)
{
    child_init(&child);
    screen_open(&child);
}

static void teardown(void)
{
    child_finish(&child);
    screen_close();
}

static void start_on_terminal(const char *machine)
{
    const char *args[] = {"shell", "--machine", machine, "--accel", "tcg", NULL};

    child_start(&child, TRUE, args);
    ck_assert_int_eq(tcgetattr(child.terminal, &before), 0);
}

/* The terminal's mode can be asked from our end, after vmbench has gone too. */
static void assert_terminal_restored(void)
{
    struct termios after;

    ck_assert_int_eq(tcgetattr(child.terminal, &after), 0);
    ck_assert_uint_eq(after.c_lflag, before.c_lflag);
    ck_assert_uint_eq(after.c_iflag, before.c_iflag);
    ck_assert_uint_eq(after.c_oflag, before.c_oflag);
    ck_assert_uint_eq(after.c_cflag, before.c_cflag);
}

static void assert_terminal_raw(void)
{
    struct termios now;

    ck_assert_int_eq(tcgetattr(child.terminal, &now), 0);
    ck_assert_uint_eq(now.c_lflag & (ICANON | ECHO | ISIG), 0);
}

/* With -f busybox asks the kernel itself, without it init. */
static const char *const power_off[] = {"poweroff\n", "poweroff -f\n", "halt\n"};

START_TEST(poweroff_ends_it)
{
    start_on_terminal(machines[_i % 2]);
    screen_await("/ # ");
    screen_type(power_off[_i / 2]);
    ck_assert_int_eq(screen_wait_end(), 0);
    ck_assert_ptr_null(strstr(screen_text(), "vmbench: "));
    assert_terminal_restored();
}
END_TEST

START_TEST(reboot_boots_it_again_and_exit_ends_it)
{
    start_on_terminal(machines[_i]);
    screen_await("vMMIO endpoint: 127.0.0.1:");
    screen_await("/ # ");
    assert_terminal_raw();
    screen_type("echo $((6 * 7)) answers\n");
    screen_await("42 answers");
    screen_type("echo before >/tmp/mark; reboot\n");
    screen_clear();
    screen_await("built-in commands.\r\n\r\n/ # "); /* not the first shell's last prompt */
    assert_terminal_raw();
    screen_type("echo $((6 * 7)) answers; ls /tmp/mark\n");
    screen_await("42 answers");
    screen_await("No such file");
    screen_type("exit\n");
    ck_assert_int_eq(screen_wait_end(), 0);
    ck_assert_ptr_null(strstr(screen_text(), "vmbench: "));
    assert_terminal_restored();
}
END_TEST

START_TEST(ctrl_a_x_ends_a_boot)
{
    start_on_terminal(machines[_i]);
    screen_await("vMMIO endpoint: 127.0.0.1:");
    screen_type("\001x");
    ck_assert_int_eq(screen_wait_end(), 0);
    ck_assert_ptr_null(strstr(screen_text(), "/ # "));
    assert_terminal_restored();
}
END_TEST

START_TEST(ctrl_c_is_the_guests_and_ctrl_a_x_ends_it)
{
    start_on_terminal(machines[_i]);
    screen_await("/ # ");
    screen_type("sh -c 'echo $((6 * 7)) runs; exec sleep 600'\n");
    screen_await("42 runs");
    screen_type("\003");
    screen_await("^C");
    /* A line of its own: Ctrl-C ends the rest of the line that it interrupts. */
    screen_type("echo status $?\n");
    screen_await("status 130");
    screen_type("\001x");
    ck_assert_int_eq(screen_wait_end(), 0);
    assert_terminal_restored();
}
END_TEST

START_TEST(a_signal_restores_the_terminal)
{
    start_on_terminal("x86");
    screen_await("/ # ");
    assert_terminal_raw();
    kill(child.pid, SIGTERM);
    ck_assert_int_eq(screen_wait_end(), 128 + SIGTERM);
    assert_terminal_restored();
}
END_TEST

/* The console's log no longer grows: vmbench waits for a terminal that nobody reads. */
static void await_stall(void)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_SECONDS * G_USEC_PER_SEC;
    g_autofree char *path = child_path(&child, "logs/x86/console.log");
    GStatBuf info = {.st_size = 0};
    off_t last = -1;

    while (info.st_size != last || last < 16384) {
        ck_assert_msg(g_get_monotonic_time() < end, "the console does not stall");
        last = info.st_size;
        g_usleep(G_USEC_PER_SEC / 2);
        ck_assert_int_eq(g_stat(path, &info), 0);
    }
}

START_TEST(a_signal_ends_it_while_the_terminal_is_stalled)
{
    start_on_terminal("x86");
    screen_await("/ # ");
    screen_type("while :; do echo 0123456789012345678901234567890123456789; done\n");
    await_stall();
    kill(child.pid, SIGTERM);
    ck_assert_int_eq(child_wait(&child), 128 + SIGTERM);
    assert_terminal_restored();
}
END_TEST

/* QEMU closes its monitor connection first and takes its time over the rest. */
START_TEST(a_qemu_that_is_slow_to_end_has_ended_well)
{
    static const char slow[] = "echo '{\"QMP\": {}}' >&3\n"
                               "read line <&3; echo '{\"return\": {}, \"id\": 1}' >&3\n"
                               "read line <&3; echo '{\"return\": \"h:1\", \"id\": 2}' >&3\n"
                               "exec 3>&-; sleep 2; exit 0\n";
    g_autofree char *bin = child_path(&child, "bin");
    const char *args[] = {"shell", "--machine", "x86", "--qemu-dir", child.dir, NULL};

    ck_assert_int_eq(g_mkdir(bin, 0755), 0);
    g_autofree char *qemu = child_script(&child, "bin/qemu-system-x86_64", slow);

    ck_assert_ptr_nonnull(qemu);
    ck_assert_int_eq(child_run(&child, args), 0);
    ck_assert_str_eq(child.err, "");
}
END_TEST

START_TEST(a_crash_restores_the_terminal)
{
    start_on_terminal("x86");
    screen_await("/ # ");
    assert_terminal_raw();
    kill(child.pid, SIGABRT);
    ck_assert_int_ne(screen_wait_end(), 0);
    assert_terminal_restored();
}
END_TEST

START_TEST(qemus_death_restores_the_terminal)
{
    start_on_terminal("x86");
    screen_await("/ # ");
    kill(child_find(&child, "qemu-system-x86_64"), SIGKILL);
    screen_await("QEMU ended with signal 9 (Killed)");
    ck_assert_int_ne(screen_wait_end(), 0);
    assert_terminal_restored();
}
END_TEST

START_TEST(a_script_runs_and_ends_it)
{
    g_autofree char *script = child_path(&child, "script");
    const char *args[] = {"shell", "--machine", machines[_i], "--accel", "tcg", NULL};

    ck_assert(g_file_set_contents(script, "echo $((6 * 7)) answers", -1, NULL));
    child.input = script;
    ck_assert_int_eq(child_run(&child, args), 0);
    ck_assert_msg(strstr(child.out, "42 answers") != NULL, "%s", child.out);
    ck_assert_str_eq(child.err, "");
}
END_TEST

/* As a shell ends: without any input. */
START_TEST(a_login_that_nobody_types_at_ends)
{
    const char *args[] = {"boot", "--machine", machines[_i], "--accel", "tcg", "--port", "0", NULL};

    ck_assert_int_eq(child_run(&child, args), 0);
    ck_assert_str_eq(child.err, "");
}
END_TEST

/* A socket that listens on 127.0.0.1:4300, or -1 when somebody else's does already. */
static int take_conventional_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(4300),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0) {
        return fd;
    }
    close(fd);
    return -1;
}

START_TEST(a_taken_conventional_port_is_said)
{
    const char *args[] = {"shell", "--machine", "x86", "--accel", "tcg", NULL};
    int fd = take_conventional_port();

    ck_assert_int_eq(child_run(&child, args), 0);
    ck_assert_msg(g_str_has_prefix(child.out, "port 4300 is taken\nvMMIO endpoint: 127.0.0.1:"),
                  "%s", child.out);
    ck_assert_ptr_null(strstr(child.out, "127.0.0.1:4300 "));
    if (fd >= 0) {
        close(fd);
    }
}
END_TEST

/* Without any input it ends at the first prompt. */
START_TEST(an_own_port_is_used)
{
    g_autofree char *port = child_free_port();
    g_autofree char *says = g_strdup_printf("vMMIO endpoint: 127.0.0.1:%s (", port);
    const char *args[] = {"shell", "--machine", "x86", "--accel", "tcg", "--port", port, NULL};

    ck_assert_int_eq(child_run(&child, args), 0);
    ck_assert_msg(strstr(child.out, says) != NULL, "%s", child.out);
    ck_assert_ptr_null(strstr(child.out, "is taken"));
    ck_assert_str_eq(child.err, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shell");
    TCase *cases = tcase_create("shell");
    TCase *power = tcase_create("power");

    tcase_set_timeout(cases, 2 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, ctrl_a_x_ends_a_boot, 0, 2);
    tcase_add_loop_test(cases, ctrl_c_is_the_guests_and_ctrl_a_x_ends_it, 0, 2);
    tcase_add_test(cases, a_signal_restores_the_terminal);
    tcase_add_test(cases, a_signal_ends_it_while_the_terminal_is_stalled);
    tcase_add_test(cases, a_qemu_that_is_slow_to_end_has_ended_well);
    tcase_add_test(cases, a_crash_restores_the_terminal);
    tcase_add_test(cases, qemus_death_restores_the_terminal);
    tcase_add_loop_test(cases, a_script_runs_and_ends_it, 0, 2);
    tcase_add_loop_test(cases, a_login_that_nobody_types_at_ends, 0, 2);
    tcase_add_test(cases, a_taken_conventional_port_is_said);
    tcase_add_test(cases, an_own_port_is_used);
    suite_add_tcase(suite, cases);
    tcase_set_timeout(power, 2 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(power, setup, teardown);
    tcase_add_loop_test(power, poweroff_ends_it, 0, 2 * G_N_ELEMENTS(power_off));
    tcase_add_loop_test(power, reboot_boots_it_again_and_exit_ends_it, 0, 2);
    suite_add_tcase(suite, power);
    return tap_run(suite);
}
