/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmbench shell --print-command: what it prints boots a guest without vmbench, in which the examples
 * run as docs/examples.md tells.
 */
#include <gio/gio.h>
#include <string.h>

#include "error.h"
#include "screen.h"
#include "tap.h"

static const char *const machines[] = {"raspi4b", "x86"};

/* Standard output is the command and nothing else. Free with g_free(). */
static char *printed_command(const char *machine, const char *port)
{
    const char *args[] = {"shell", "--machine", machine, "--accel", "kvm", "--port", port,
                          "--print-command", NULL};
    char *command;
    Child child;

    child_init(&child);
    ck_assert_int_eq(child_run(&child, args), 0);
    command = g_strdup(child.out);
    child_finish(&child);
    return command;
}

static GSubprocess *start_handler(const char *port)
{
    g_autofree char *endpoint = g_strdup_printf("127.0.0.1:%s", port);
    GSubprocess *handler = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE, NULL,
                                            g_getenv("OUTSIDE"), endpoint, NULL);

    ck_assert_ptr_nonnull(handler);
    return handler;
}

/* Unclaimed at first, then the memory of the handler, as soon as its claim is in effect. */
static void use_range(const char *port)
{
    screen_type("devmem 0xfef00000 32\n");
    screen_await("0xAAAAAAAA");

    g_autoptr(GSubprocess) handler = start_handler(port);

    screen_type("until devmem 0xfef00000 8 90; devmem 0xfef00000 8 | grep 0x5A; do :; done\n");
    screen_await("0x5A\r"); /* not the line that was typed */
    g_subprocess_force_exit(handler);
    ck_assert(g_subprocess_wait(handler, NULL, NULL));
}

/* Boot by the printed command, as far as the prompt. */
static void boot(Child *child, const char *machine, const char *port)
{
    g_autofree char *command = printed_command(machine, port);
    const char *args[] = {"-c", command, NULL};

    child_init(child);
    child->program = "/bin/sh";
    screen_open(child);
    child_start(child, TRUE, args);
    screen_await("/ # ");
}

static void leave(Child *child, const char *word)
{
    screen_type(word);
    ck_assert_msg(screen_wait_end() == 0, "%s", screen_text());
    screen_close();
    child_finish(child);
}

static GSubprocess *start_slider(const char *port)
{
    g_autofree char *endpoint = g_strdup_printf("127.0.0.1:%s", port);
    GSubprocess *slider = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE, NULL, g_getenv("PYTHON"),
                                           g_getenv("SLIDER"), endpoint, NULL);

    ck_assert_ptr_nonnull(slider);
    return slider;
}

static void move(GSubprocess *slider, const char *line)
{
    GOutputStream *input = g_subprocess_get_stdin_pipe(slider);

    ck_assert(g_output_stream_write_all(input, line, strlen(line), NULL, NULL, NULL));
    ck_assert(g_output_stream_flush(input, NULL, NULL));
}

/* The first interrupt is there before anybody in the guest listens: it must not be lost. */
START_TEST(the_range_is_there_and_the_slider_moves)
{
    g_autofree char *port = child_free_port();
    Child child;

    boot(&child, machines[_i], port);
    use_range(port);
    screen_type("vmmio-slider-inside 2\n");
    screen_await("/dev/uio0: run vmmio-uio-load first");

    g_autoptr(GSubprocess) slider = start_slider(port);

    move(slider, "50\n");
    screen_type("until devmem 0xfef00004 32 | grep 0x00000032; do :; done\n");
    screen_await("0x00000032\r"); /* not the line that was typed */
    screen_type("vmmio-uio-load && vmmio-slider-inside 2\n");
    screen_await("position 50\r");
    move(slider, "75\n");
    screen_await("position 75\r");
    ck_assert(g_output_stream_close(g_subprocess_get_stdin_pipe(slider), NULL, NULL));
    ck_assert(g_subprocess_wait_check(slider, NULL, NULL));
    leave(&child, "poweroff\n");
}
END_TEST

/* The device, which has printed what `line` says when this returns. */
static void await_line(GSubprocess *device, const char *line)
{
    g_autoptr(GDataInputStream) output =
        g_data_input_stream_new(g_subprocess_get_stdout_pipe(device));
    g_autofree char *got = g_data_input_stream_read_line(output, NULL, NULL, NULL);

    ck_assert_str_eq(got, line);
}

static GSubprocess *start_poke(const char *port)
{
    g_autofree char *endpoint = g_strdup_printf("127.0.0.1:%s", port);
    GSubprocess *device = g_subprocess_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL,
        g_getenv("POKE_OUTSIDE"), "--hold", endpoint, NULL);

    ck_assert_ptr_nonnull(device);
    return device;
}

/* The device never ends this poke: the keyboard does. */
START_TEST(ctrl_c_ends_a_poke)
{
    g_autofree char *port = child_free_port();
    Child child;

    boot(&child, machines[_i], port);

    g_autoptr(GSubprocess) device = start_poke(port);

    screen_type("until devmem 0xfef00000 32 | grep 0x454B4F50; do :; done\n");
    screen_await("0x454B4F50\r"); /* not the line that was typed */
    screen_type("insmod /lib/modules/poke.ko polled=1; echo > /dev/poke\n");
    await_line(device, "POKE!!!");
    screen_type("\003");
    screen_type("echo $((6 * 7)) is the answer\n");
    screen_await("42 is the answer");
    g_subprocess_force_exit(device);
    ck_assert(g_subprocess_wait(device, NULL, NULL));
    leave(&child, "exit\n");
}
END_TEST

START_TEST(it_boots_nothing_and_says_what_is_missing)
{
    const char *args[] = {"shell", "--machine", "x86", "--print-command", "--kernel", "/nowhere",
                          NULL};
    Child child;

    child_init(&child);
    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_SETUP);
    ck_assert_str_eq(child.out, "");
    ck_assert_ptr_nonnull(strstr(child.err, "vmbench: kernel /nowhere: No such file"));
    child_finish(&child);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("by_hand");
    TCase *cases = tcase_create("by_hand");

    tcase_set_timeout(cases, 2 * PATIENCE_SECONDS);
    tcase_add_loop_test(cases, the_range_is_there_and_the_slider_moves, 0, G_N_ELEMENTS(machines));
    tcase_add_loop_test(cases, ctrl_c_ends_a_poke, 0, G_N_ELEMENTS(machines));
    tcase_add_test(cases, it_boots_nothing_and_says_what_is_missing);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
