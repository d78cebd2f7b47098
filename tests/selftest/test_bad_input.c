/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bad set-ups that are seen before a guest boots: one line, a nonzero exit, nothing left. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"
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

/* Each with a machine, for they are about one. */
static const struct {
    const char *option, *value, *says;
} missing_files[] = {
    {"--kernel", "/nowhere/kernel", "kernel /nowhere/kernel: No such file"},
    {"--initrd", "/nowhere/initrd", "guest image /nowhere/initrd: No such file"},
    {"--qemu-dir", "/nowhere", "QEMU /nowhere/bin/qemu-system-x86_64: No such file"},
    {"--guest-dir", "/nowhere", "kernel /nowhere/x86/kernel: No such file"},
    {"--fixtures", "/nowhere", "/nowhere/memory/inside-unclaimed.txt"},
    {"--handler", "/nowhere/handler", "handler /nowhere/handler: no such program"},
};

START_TEST(a_missing_file_is_named)
{
    const char *args[] = {"demo", "--machine", "x86", missing_files[_i].option,
                          missing_files[_i].value, NULL};

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_SETUP);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, missing_files[_i].says) != NULL, "%s", child.err);
}
END_TEST

/* They are the memory example's; elsewhere they would do nothing. */
static const struct {
    const char *command, *option;
} examples_own[] = {
    {"boot", "--handler"}, {"shell", "--handler"}, {"serve", "--handler"}, {"run", "--handler"},
    {"boot", "--fixtures"},
};

START_TEST(an_option_of_another_command_is_refused)
{
    const char *command = examples_own[_i].command;
    const char *args[] = {command, "--machine", "x86", examples_own[_i].option, "/bin/true", NULL};
    g_autofree char *says = g_strdup_printf("vmbench: Unknown option %s: see vmbench %s --help\n",
                                            examples_own[_i].option, command);

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_USAGE);
    ck_assert_str_eq(child.err, says);
}
END_TEST

START_TEST(a_missing_device_tree_is_named)
{
    const char *args[] = {"demo", "--machine", "raspi4b", "--dtb", "/nowhere/dtb", NULL};

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_SETUP);
    child_assert_one_line(&child);
    ck_assert_ptr_nonnull(strstr(child.err, "device tree /nowhere/dtb: No such file"));
}
END_TEST

START_TEST(each_machine_gets_its_line)
{
    const char *args[] = {"demo", "--guest-dir", "/nowhere", NULL};

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_SETUP);
    ck_assert_ptr_nonnull(strstr(child.err, "vmbench: raspi4b: kernel /nowhere/raspi4b/kernel"));
    ck_assert_ptr_nonnull(strstr(child.err, "\nvmbench: x86: kernel /nowhere/x86/kernel"));
    ck_assert_ptr_nonnull(strstr(child.out, "demo: 2 of 2 machines failed\n"));
}
END_TEST

START_TEST(a_taken_port_is_said)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);

    g_autofree char *port = g_strdup_printf("%d", ntohs(address.sin_port));
    g_autofree char *says = g_strdup_printf("port %s of 127.0.0.1 is taken", port);
    const char *args[] = {"demo", "--machine", "x86", "--port", port, NULL};

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_SETUP);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, says) != NULL, "%s", child.err);
    close(fd);
}
END_TEST

START_TEST(a_qemu_that_refuses_to_start_is_quoted)
{
    g_autofree char *bin = child_path(&child, "bin");
    const char *args[] = {"demo", "--machine", "x86", "--qemu-dir", child.dir, NULL};

    ck_assert_int_eq(g_mkdir_with_parents(bin, 0755), 0);
    g_autofree char *qemu = child_script(
        &child, "bin/qemu-system-x86_64",
        "echo 'vmmio: port 4300 of 127.0.0.1 is in use' >&2; exit 1");

    ck_assert_ptr_nonnull(qemu);
    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_QEMU_DIED);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, "QEMU ended with exit status 1: vmmio: port 4300 of "
                                    "127.0.0.1 is in use: ") != NULL,
                  "%s", child.err);
    ck_assert_ptr_nonnull(strstr(child.err, "qemu.log"));
}
END_TEST

START_TEST(a_qemu_that_says_nothing_is_given_up)
{
    g_autofree char *bin = child_path(&child, "bin");
    const char *args[] = {"demo", "--machine", "x86", "--qemu-dir", child.dir,
                          "--timeout-scale", "0.05", NULL};

    ck_assert_int_eq(g_mkdir_with_parents(bin, 0755), 0);
    g_autofree char *qemu =
        child_script(&child, "bin/qemu-system-x86_64", "trap '' TERM; sleep 600; exit 0");

    ck_assert_ptr_nonnull(qemu);
    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_QEMU_DIED);
    child_assert_one_line(&child);
    ck_assert_ptr_nonnull(strstr(child.err, "QEMU does not answer"));
}
END_TEST

START_TEST(kvm_on_a_machine_of_another_cpu_is_said_once)
{
    static const char says[] = "no KVM (raspi4b's CPU is not the host's): going on with TCG\n";
    const char *args[] = {"demo", "--machine", "raspi4b", "--accel", "kvm",
                          "--dtb", "/nowhere/dtb", NULL};

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_SETUP);
    const char *said = strstr(child.out, says);

    ck_assert_msg(said != NULL, "%s", child.out);
    ck_assert_ptr_null(strstr(said + 1, says));
}
END_TEST

static const char *const wrong_usage[][6] = {
    {"demo", "--machine", "pdp11"},
    {"demo", "--no-such-option"},
    {"demo", "stray"},
    {"demo", "--kernel", "/boot/vmlinuz"},
    {"demo", "--accel", "warp"},
    {"demo", "--port", "65536"},
    {"demo", "--port=-1"},
    {"demo", "--machine", "x86", "--memory", "63"},
    {"demo", "--machine", "raspi4b", "--memory", "512"},
    {"demo", "--memory", "512"},
    {"demo", "--timeout-scale", "0"},
    {"demo", "--timeout-scale", "nan"},
    {"shell"},
    {"bench", "--runs", "4"},
    {"bench", "--only", "nothing"},
};

START_TEST(wrong_usage_is_told_in_one_line)
{
    ck_assert_int_eq(child_run(&child, wrong_usage[_i]), VMB_ERROR_USAGE);
    ck_assert_msg(g_str_has_prefix(child.err, "vmbench: "), "%s", child.err);
    ck_assert_ptr_eq(strchr(child.err, '\n') + 1, child.err + strlen(child.err));
}
END_TEST

static const struct {
    const char *words[3], *says;
} unknown_words[] = {
    {{"shel"}, "vmbench: no command is called shel; did you mean shell: see vmbench --help\n"},
    {{"guest"}, "vmbench: no command is called guest: see vmbench --help\n"},
    {{"rn", "memory"}, "vmbench: no command is called rn; did you mean run: see vmbench --help\n"},
    {{"rootfs", "biuld"},
     "vmbench: rootfs biuld: it is vmbench rootfs build: see vmbench rootfs build --help\n"},
    {{"rootfs"},
     "vmbench: rootfs without a word: it is vmbench rootfs build: see vmbench rootfs build --help\n"},
};

START_TEST(an_unknown_word_is_told_with_the_nearest)
{
    const char *const *words = unknown_words[_i].words;
    g_autofree char *script = g_strdup_printf("exec \"$VMBENCH\" %s %s", words[0],
                                              words[1] != NULL ? words[1] : "");
    const char *args[] = {"-c", script, NULL};

    child.program = "/bin/sh"; /* no --logs, which would be another word */
    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_USAGE);
    ck_assert_str_eq(child.err, unknown_words[_i].says);
}
END_TEST

START_TEST(logs_that_cannot_be_written_are_told)
{
    g_autofree char *in_the_way = child_path(&child, "logs");
    const char *args[] = {"demo", "--machine", "x86", NULL};

    ck_assert(g_file_set_contents(in_the_way, "", 0, NULL));
    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_SETUP);
    ck_assert_msg(strstr(child.err, "choose another with --logs\n") != NULL, "%s", child.err);
}
END_TEST

/* What demo shows on a terminal before it finds out that there is no kernel. */
static const struct {
    const char *term, *no_color, *begin, *end;
} terminals[] = {
    {"xterm", "", "x86      boot                       ...\r\033[K\033[31mvmbench: x86: kernel ",
     ".log)\r\n\033[0mdemo: 1 of 1 machine failed\r\n"},
    {"xterm", "1", "x86      boot                       ...\r\033[Kvmbench: x86: kernel ",
     ".log)\r\ndemo: 1 of 1 machine failed\r\n"},
    {"dumb", "", "vmbench: x86: kernel ",
     ".log)\r\ndemo: 1 of 1 machine failed\r\n"},
};

START_TEST(a_terminal_gets_what_it_takes)
{
    const char *args[] = {"demo", "--machine", "x86", "--accel", "tcg", "--kernel", "/nowhere", NULL};

    screen_open(&child);
    g_setenv("TERM", terminals[_i].term, TRUE);
    g_setenv("NO_COLOR", terminals[_i].no_color, TRUE);
    child_start(&child, TRUE, args);
    ck_assert_int_eq(screen_wait_end(), VMB_ERROR_SETUP);
    ck_assert_msg(g_str_has_prefix(screen_text(), terminals[_i].begin) &&
                  g_str_has_suffix(screen_text(), terminals[_i].end), "%s", screen_text());
    screen_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bad_input");
    TCase *cases = tcase_create("bad_input");

    tcase_set_timeout(cases, 2 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, a_missing_file_is_named, 0, G_N_ELEMENTS(missing_files));
    tcase_add_loop_test(cases, an_option_of_another_command_is_refused, 0, G_N_ELEMENTS(examples_own));
    tcase_add_test(cases, a_missing_device_tree_is_named);
    tcase_add_test(cases, each_machine_gets_its_line);
    tcase_add_test(cases, a_taken_port_is_said);
    tcase_add_test(cases, a_qemu_that_refuses_to_start_is_quoted);
    tcase_add_test(cases, a_qemu_that_says_nothing_is_given_up);
    tcase_add_test(cases, kvm_on_a_machine_of_another_cpu_is_said_once);
    tcase_add_loop_test(cases, wrong_usage_is_told_in_one_line, 0, G_N_ELEMENTS(wrong_usage));
    tcase_add_loop_test(cases, an_unknown_word_is_told_with_the_nearest, 0,
                        G_N_ELEMENTS(unknown_words));
    tcase_add_loop_test(cases, a_terminal_gets_what_it_takes, 0, G_N_ELEMENTS(terminals));
    tcase_add_test(cases, logs_that_cannot_be_written_are_told);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
