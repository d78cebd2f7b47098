/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's console: all of it in the log, a panic noticed however its bytes arrive. */
#include "console.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

static char *directory;
static char *log_path;
static VmbAlarm *alarm_;
static VmbConsole *console;
static int far_end;

static const char panic_line[] =
    "[    1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x100\r\n";

static void open_console(void)
{
    g_autoptr(GError) error = NULL;
    int fds[2];

    directory = g_dir_make_tmp("vmbench-console-XXXXXX", NULL);
    log_path = g_build_filename(directory, "console.log", NULL);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    far_end = fds[1];
    alarm_ = vmb_alarm_new(1.0);
    console = vmb_console_new(fds[0], log_path, alarm_, &error);
    ck_assert_ptr_nonnull(console);
}

static void close_console(void)
{
    g_clear_pointer(&console, vmb_console_free);
    vmb_alarm_free(alarm_);
    close(far_end);
    g_unlink(log_path);
    g_rmdir(directory);
    g_free(log_path);
    g_free(directory);
}

/* The guest prints, and the event loop has seen it. */
static void print(const char *bytes, gsize len)
{
    ck_assert_int_eq(write(far_end, bytes, len), (ssize_t)len);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

static void assert_panicked(void)
{
    const GError *error = vmb_alarm_error(alarm_);

    ck_assert_ptr_nonnull(error);
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PANIC));
    ck_assert_ptr_nonnull(strstr(error->message, "Attempted to kill init! exitcode=0x100)"));
    ck_assert_ptr_null(strchr(error->message, '\r'));
}

START_TEST(everything_is_in_the_log)
{
    static const char text[] = "one\r\ntwo \0 \377 three";
    g_autofree char *log = NULL;
    gsize len;

    print(text, sizeof(text) - 1);
    ck_assert(g_file_get_contents(log_path, &log, &len, NULL));
    ck_assert_uint_eq(len, sizeof(text) - 1);
    ck_assert_mem_eq(log, text, len);
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
}
END_TEST

START_TEST(a_panic_split_at_each_byte_is_noticed)
{
    gsize len = strlen(panic_line);

    print(panic_line, (gsize)_i);
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
    print(panic_line + _i, len - (gsize)_i);
    assert_panicked();
}
END_TEST

START_TEST(a_panic_byte_by_byte_is_noticed)
{
    for (const char *at = panic_line; *at != '\0'; at++) {
        print(at, 1);
    }
    assert_panicked();
}
END_TEST

START_TEST(a_panic_after_much_noise_is_noticed)
{
    char noise[8192];

    memset(noise, 'x', sizeof(noise));
    for (int i = 0; i < 32; i++) {
        print(noise, sizeof(noise));
    }
    print("\n", 1);
    print(panic_line, strlen(panic_line));
    assert_panicked();
}
END_TEST

START_TEST(a_panic_without_line_end_is_noticed_at_the_end)
{
    print(panic_line, strlen(panic_line) - 2);
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
    vmb_console_drain(console);
    assert_panicked();
}
END_TEST

START_TEST(a_word_about_panics_is_none)
{
    static const char text[] = "Kernel panics are rare\nlinux,panic - not syncing\n";

    print(text, strlen(text));
    vmb_console_drain(console);
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
}
END_TEST

static const char *const kernels_words[] = {
    "[    0.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x100\r\n",
    "<0>[   12.345678] Kernel panic - not syncing: Attempted to kill init! exitcode=0x100)\r\n",
    "[12345.6][    T1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x100)\r\n",
    ("/ # [   12.3] Kernel panic - not syncing: x\r\n[   12.4] ---[ end Kernel panic - not "
     "syncing: Attempted to kill init! exitcode=0x100) ]---\r\n"),
};

START_TEST(a_panic_in_each_form_of_the_kernel_is_noticed)
{
    print(kernels_words[_i], strlen(kernels_words[_i]));
    assert_panicked();
}
END_TEST

START_TEST(an_image_without_room_is_named)
{
    static const char line[] = "[    2.990935] Initramfs unpacking failed: write error\r\n";
    const GError *error;

    print(line, strlen(line));
    error = vmb_alarm_error(alarm_);
    ck_assert(error != NULL && g_error_matches(error, VMB_ERROR, VMB_ERROR_PANIC));
    ck_assert_ptr_nonnull(strstr(error->message, "has no room for its image"));
    ck_assert_ptr_nonnull(strstr(error->message, "--memory"));
}
END_TEST

static const char *const users_words[] = {
    "/ # echo Kernel panic - not syncing: typed\r\n",
    "Kernel panic - not syncing: printed\r\n",
    "[no time] Kernel panic - not syncing: printed\r\n",
    "/ # echo '[    1.2] Kernel panic - not syncing: typed'\r\n",
    "reboot: Power down\r\n",
    "Initramfs unpacking failed: write error\r\n",
    "[    1.2] Initramfs unpacking failed: junk within compressed archive\r\n",
    "/ # echo '[    1.2] reboot: Power down'\r\n",
    "[    1.2] reboot: Power button\r\n",
};

START_TEST(words_of_the_user_are_no_end)
{
    print(users_words[_i], strlen(users_words[_i]));
    vmb_console_drain(console);
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
}
END_TEST

static const char arm_oops[] =
    "[    3.1] Unable to handle kernel NULL pointer dereference at virtual address "
    "0000000000000000\r\n"
    "[    3.1] Mem abort info:\r\n"
    "[    3.1] Internal error: Oops: 0000000096000044 [#1] SMP\r\n"
    "[    3.1] pc : crash_init+0x10/0x1000 [crash]\r\n"
    "[    3.1] lr : do_one_initcall+0x58/0x300\r\n"
    "[    3.1] ---[ end trace 0000000000000000 ]---\r\n";

static const char x86_oops[] =
    "[    3.1][   T42] BUG: kernel NULL pointer dereference, address: 0000000000000000\r\n"
    "[    3.1][   T42] Oops: 0002 [#1] PREEMPT SMP NOPTI\r\n"
    "[    3.1][   T42] RIP: 0010:crash_init+0x5/0x1000 [crash]\r\n"
    "[    3.1][   T42] RIP: 0033:0x7f0012345678\r\n";

static void assert_oopsed(const char *message)
{
    const GError *error = vmb_alarm_error(alarm_);

    ck_assert_ptr_nonnull(error);
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_OOPS));
    ck_assert_msg(g_str_has_prefix(error->message, message), "%s", error->message);
}

START_TEST(an_oops_is_told_with_its_place)
{
    g_autoptr(GError) error = NULL;

    print(arm_oops, strlen(arm_oops));
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
    ck_assert(!vmb_console_settle(console, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_OOPS));
    assert_oopsed("the guest kernel oopsed (Unable to handle kernel NULL pointer dereference at "
                  "virtual address 0000000000000000 in crash_init+0x10/0x1000 [crash]): ");
}
END_TEST

START_TEST(an_oops_at_the_end_is_told_at_once)
{
    print(x86_oops, strlen(x86_oops));
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
    vmb_console_drain(console);
    assert_oopsed("the guest kernel oopsed (BUG: kernel NULL pointer dereference, address: "
                  "0000000000000000 in crash_init+0x5/0x1000 [crash]): ");
}
END_TEST

START_TEST(a_panic_after_an_oops_counts)
{
    print(x86_oops, strlen(x86_oops));
    print(panic_line, strlen(panic_line));
    assert_panicked();
    ck_assert(!vmb_console_settle(console, NULL));
    assert_panicked();
}
END_TEST

START_TEST(what_did_not_oops_is_settled)
{
    static const char warning[] = "[    3.1] WARNING: CPU: 0 PID: 1 at x.c:1 f+0x1/0x2\r\n"
                                  "[    3.1] RIP: 0010:f+0x1/0x2\r\n";
    g_autoptr(GError) error = NULL;

    print(warning, strlen(warning));
    ck_assert(vmb_console_settle(console, &error));
    vmb_console_drain(console);
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
}
END_TEST

START_TEST(an_oops_in_the_users_own_guest_is_his)
{
    vmb_console_allow_end(console);
    print(x86_oops, strlen(x86_oops));
    ck_assert(vmb_console_settle(console, NULL));
    vmb_console_drain(console);
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
}
END_TEST

START_TEST(a_lockup_is_remembered)
{
    static const char lockup[] =
        "[   30.1] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [insmod:57]\r\n";
    gint64 before = g_get_monotonic_time();

    ck_assert_ptr_null(vmb_console_stuck(console, 0));
    print(lockup, strlen(lockup));
    ck_assert_str_eq(vmb_console_stuck(console, before),
                     "BUG: soft lockup - CPU#0 stuck for 22s! [insmod:57]");
    ck_assert_ptr_null(vmb_console_stuck(console, g_get_monotonic_time() + 1));
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
}
END_TEST

static const char *const last_words[] = {
    "[    6.880221] reboot: Restarting system\r\n",
    "[   12.345678][    T1] reboot: Power down\r\n",
    "<0>[    6.1] reboot: System halted\r\n",
};

START_TEST(an_end_of_the_guest_is_noticed)
{
    const GError *error;

    print(last_words[_i], strlen(last_words[_i]));
    error = vmb_alarm_error(alarm_);
    ck_assert(error != NULL && g_error_matches(error, VMB_ERROR, VMB_ERROR_RESET));
    ck_assert_ptr_nonnull(strstr(error->message, "the guest ended by itself (reboot: "));
    ck_assert_ptr_null(strchr(error->message, '\r'));
}
END_TEST

START_TEST(an_end_that_is_allowed_is_none)
{
    vmb_console_allow_end(console);
    print(last_words[_i], strlen(last_words[_i]));
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
}
END_TEST

static void collect(gpointer data, const guint8 *bytes, gsize len)
{
    g_string_append_len(data, (const char *)bytes, (gssize)len);
}

START_TEST(a_tap_gets_what_comes_and_input_goes_out)
{
    g_autoptr(GString) tapped = g_string_new(NULL);
    char input[8] = "";

    vmb_console_set_tap(console, collect, tapped);
    print("login: ", 7);
    ck_assert_str_eq(tapped->str, "login: ");
    vmb_console_send(console, "root\n", 5);
    ck_assert_int_eq(read(far_end, input, sizeof(input)), 5);
    ck_assert_str_eq(input, "root\n");
}
END_TEST

START_TEST(a_log_that_cannot_be_written_is_an_error)
{
    g_autoptr(GError) error = NULL;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_ptr_null(vmb_console_new(fds[0], directory, alarm_, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(error->message, directory));
    close(fds[1]);
}
END_TEST

START_TEST(a_full_disk_raises_the_alarm)
{
    g_autoptr(GError) error = NULL;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    g_autoptr(VmbConsole) full = vmb_console_new(fds[0], "/dev/full", alarm_, &error);

    ck_assert_ptr_nonnull(full);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    vmb_console_drain(full);
    ck_assert(g_error_matches(vmb_alarm_error(alarm_), VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(vmb_alarm_error(alarm_)->message, "/dev/full"));
    close(fds[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("console");
    TCase *cases = tcase_create("console");

    tcase_add_checked_fixture(cases, open_console, close_console);
    tcase_add_test(cases, everything_is_in_the_log);
    tcase_add_loop_test(cases, a_panic_split_at_each_byte_is_noticed, 1,
                        (int)strlen(panic_line));
    tcase_add_test(cases, a_panic_byte_by_byte_is_noticed);
    tcase_add_test(cases, a_panic_after_much_noise_is_noticed);
    tcase_add_test(cases, a_panic_without_line_end_is_noticed_at_the_end);
    tcase_add_test(cases, a_word_about_panics_is_none);
    tcase_add_loop_test(cases, a_panic_in_each_form_of_the_kernel_is_noticed, 0,
                        G_N_ELEMENTS(kernels_words));
    tcase_add_test(cases, an_image_without_room_is_named);
    tcase_add_loop_test(cases, words_of_the_user_are_no_end, 0, G_N_ELEMENTS(users_words));
    tcase_add_loop_test(cases, an_end_of_the_guest_is_noticed, 0, G_N_ELEMENTS(last_words));
    tcase_add_loop_test(cases, an_end_that_is_allowed_is_none, 0, G_N_ELEMENTS(last_words));
    tcase_add_test(cases, a_tap_gets_what_comes_and_input_goes_out);
    tcase_add_test(cases, a_log_that_cannot_be_written_is_an_error);
    tcase_add_test(cases, a_full_disk_raises_the_alarm);
    tcase_add_test(cases, an_oops_is_told_with_its_place);
    tcase_add_test(cases, an_oops_at_the_end_is_told_at_once);
    tcase_add_test(cases, a_panic_after_an_oops_counts);
    tcase_add_test(cases, what_did_not_oops_is_settled);
    tcase_add_test(cases, an_oops_in_the_users_own_guest_is_his);
    tcase_add_test(cases, a_lockup_is_remembered);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
