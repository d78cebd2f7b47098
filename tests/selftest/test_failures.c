/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests, handlers and QEMUs that fail on purpose: each failure has its own verdict. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "tap.h"
#include "vmbench_child.h"

/* From a death to the verdict: a second is promised, a busy host gets more. */
#define NOTICE_SECONDS 5

static Child child;

static void setup(void)
{
    child_init(&child);
}

static void teardown(void)
{
    child_finish(&child);
}

static const char *const machines[] = {"raspi4b", "x86"};

static void copy_fixture(const char *name, const char *wrong, const char *right)
{
    g_autofree char *from = g_build_filename(g_getenv("FIXTURES"), "memory", name, NULL);
    g_autofree char *to = g_build_filename(child.dir, "fixtures", "memory", name, NULL);
    g_autofree char *directory = g_path_get_dirname(to);
    g_autoptr(GString) text = NULL;
    char *content = NULL;

    ck_assert_int_eq(g_mkdir_with_parents(directory, 0755), 0);
    ck_assert(g_file_get_contents(from, &content, NULL, NULL));
    text = g_string_new(content);
    g_free(content);
    if (right != NULL) {
        ck_assert_uint_eq(g_string_replace(text, right, wrong, 0), 1);
    }
    ck_assert(g_file_set_contents(to, text->str, -1, NULL));
}

START_TEST(a_wrong_byte_is_named)
{
    g_autofree char *fixtures = child_path(&child, "fixtures");
    const char *args[] = {"demo", "--machine", "x86", "--accel", "tcg",
                          "--fixtures", fixtures, NULL};

    copy_fixture("inside-unclaimed.txt", NULL, NULL);
    copy_fixture("outside.txt", NULL, NULL);
    copy_fixture("inside-handled.txt", " 3: 0x06050483\n", " 3: 0x06050403\n");
    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_MISMATCH);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, "inside-handled.txt: line 36 (width 4, element 3): expected "
                                    "` 3: 0x06050483`, got ` 3: 0x06050403`") != NULL,
                  "%s", child.err);
    ck_assert_msg(strstr(child.out, "  line 36 (width 4, element 3)\n"
                                    "    -  3: 0x06050483\n"
                                    "    +  3: 0x06050403\n") != NULL,
                  "%s", child.out);
    ck_assert_ptr_nonnull(strstr(child.out, "demo: 1 of 1 machine failed\n"));
}
END_TEST

START_TEST(a_wrong_handler_log_is_named)
{
    g_autofree char *fixtures = child_path(&child, "fixtures");
    const char *args[] = {"demo", "--machine", "x86", "--accel", "tcg",
                          "--fixtures", fixtures, NULL};

    copy_fixture("inside-unclaimed.txt", NULL, NULL);
    copy_fixture("inside-handled.txt", NULL, NULL);
    copy_fixture("outside.txt", "read  fef00002 1 8\n", "read  fef00002 1 0\n");
    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_MISMATCH);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, "line 19 (read, width 1, element 2)") != NULL, "%s",
                  child.err);
}
END_TEST

/* With nothing that could be a root file system the kernel panics: on both machines. */
START_TEST(a_panic_is_noticed)
{
    g_autofree char *initrd = child_path(&child, "empty.cpio");
    const char *args[] = {"demo", "--machine", machines[_i], "--accel", "tcg",
                          "--initrd", initrd, NULL};

    ck_assert(g_file_set_contents(initrd, "no archive\n", -1, NULL));
    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_PANIC);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, "the guest kernel panicked (Kernel panic - not syncing: ") !=
                      NULL,
                  "%s", child.err);
    ck_assert_ptr_nonnull(strstr(child.err, "console.log"));
}
END_TEST

/* The image with its program under another name: newc archives carry no checksum. */
START_TEST(an_image_without_the_program_is_told)
{
    g_autofree char *image = g_build_filename(g_getenv("IMAGES"), "x86.cpio", NULL);
    g_autofree char *without = child_path(&child, "without.cpio");
    const char *args[] = {"demo", "--machine", "x86", "--accel", "tcg",
                          "--initrd", without, NULL};
    static const char name[] = "usr/bin/vmmio-test-inside";
    g_autofree char *bytes = NULL;
    char *at;
    gsize len;

    ck_assert(g_file_get_contents(image, &bytes, &len, NULL));
    at = memmem(bytes, len, name, sizeof(name));
    ck_assert_ptr_nonnull(at);
    memcpy(at + strlen(name) - strlen("inside"), "hidden", strlen("hidden"));
    ck_assert(g_file_set_contents(without, bytes, (gssize)len, NULL));

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_PROGRAM_MISSING);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, "the guest cannot run vmmio-test-inside (No such file or "
                                    "directory)") != NULL,
                  "%s", child.err);
}
END_TEST

/* A QEMU whose monitor answers, and whose guest never says a word. */
START_TEST(a_guest_that_does_not_report_is_given_up)
{
    static const char silent[] = "echo '{\"QMP\": {}}' >&3\n"
                                 "read line <&3; echo '{\"return\": {}, \"id\": 1}' >&3\n"
                                 "read line <&3; echo '{\"return\": \"h:1\", \"id\": 2}' >&3\n"
                                 "exec sleep 600\n";
    g_autofree char *bin = child_path(&child, "bin");
    const char *args[] = {"demo", "--machine", "x86", "--qemu-dir", child.dir,
                          "--timeout-scale", "0.1", NULL};

    ck_assert_int_eq(g_mkdir_with_parents(bin, 0755), 0);
    g_autofree char *qemu = child_script(&child, "bin/qemu-system-x86_64", silent);

    ck_assert_ptr_nonnull(qemu);
    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_BOOT_TIMEOUT);
    child_assert_one_line(&child);
    ck_assert_ptr_nonnull(strstr(child.err, "the guest's agent did not report in time"));
}
END_TEST

START_TEST(a_handler_that_never_connects_is_told)
{
    g_autofree char *handler = child_script(&child, "handler", "exec sleep 600");
    const char *args[] = {"demo", "--machine", "x86", "--accel", "tcg",
                          "--handler", handler, NULL};

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_NO_CLAIM);
    child_assert_one_line(&child);
    ck_assert_ptr_nonnull(strstr(child.err, "the handler runs but claims nothing at 127.0.0.1:"));
}
END_TEST

START_TEST(a_handler_that_ends_is_told_with_its_words)
{
    g_autofree char *handler =
        child_script(&child, "handler", "echo no coffee, no work >&2; exit 7");
    const char *args[] = {"demo", "--machine", "x86", "--accel", "tcg",
                          "--handler", handler, NULL};

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_HANDLER_DIED);
    child_assert_one_line(&child);
    ck_assert_ptr_nonnull(strstr(child.err, "ended with exit status 7: no coffee, no work: try it by hand, "
                                     "or give another with --handler"));
}
END_TEST

START_TEST(a_handler_that_dies_in_an_access_is_told)
{
    const char *args[] = {"demo", "--machine", machines[_i], "--accel", "tcg",
                          "--handler", g_getenv("DYING_HANDLER"), NULL};

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_HANDLER_DIED);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, "ended with exit status 9: dying-handler: as planned") != NULL,
                  "%s", child.err);
}
END_TEST

START_TEST(a_killed_handler_is_told)
{
    g_autofree char *handler = child_script(&child, "handler", "exec sleep 600");
    const char *args[] = {"demo", "--machine", "x86", "--accel", "tcg",
                          "--handler", handler, NULL};

    child_start(&child, FALSE, args);
    kill(child_find(&child, "sleep"), SIGKILL);
    ck_assert_int_eq(child_wait(&child), VMB_ERROR_HANDLER_DIED);
    child_assert_one_line(&child);
    ck_assert_ptr_nonnull(strstr(child.err, "signal 9 (Killed)"));
}
END_TEST

static void assert_qemus_death_is_told(gint64 killed)
{
    ck_assert_int_eq(child_wait(&child), VMB_ERROR_QEMU_DIED);
    ck_assert_int_lt(g_get_monotonic_time() - killed, NOTICE_SECONDS * G_USEC_PER_SEC);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, "QEMU ended with signal 9 (Killed)") != NULL, "%s",
                  child.err);
}

START_TEST(qemu_killed_in_the_boot_is_told)
{
    const char *args[] = {"demo", "--machine", "raspi4b", NULL};

    child_start(&child, FALSE, args);
    pid_t qemu = child_find(&child, "qemu-system-aarch64");

    child_await_text(&child, "logs/raspi4b/console.log", "]");
    kill(qemu, SIGKILL);
    assert_qemus_death_is_told(g_get_monotonic_time());
}
END_TEST

START_TEST(qemu_killed_while_a_claim_is_awaited_is_told)
{
    g_autofree char *handler = child_script(&child, "handler", "exec sleep 600");
    const char *args[] = {"demo", "--machine", "x86", "--accel", "tcg", "--handler", handler,
                          "--timeout-scale", "10", NULL};

    child_start(&child, FALSE, args);
    child_find(&child, "sleep");
    kill(child_find(&child, "qemu-system-x86_64"), SIGKILL);
    assert_qemus_death_is_told(g_get_monotonic_time());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("failures");
    TCase *cases = tcase_create("failures");

    tcase_set_timeout(cases, 2 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_wrong_byte_is_named);
    tcase_add_test(cases, a_wrong_handler_log_is_named);
    tcase_add_loop_test(cases, a_panic_is_noticed, 0, 2);
    tcase_add_test(cases, an_image_without_the_program_is_told);
    tcase_add_test(cases, a_guest_that_does_not_report_is_given_up);
    tcase_add_test(cases, a_handler_that_never_connects_is_told);
    tcase_add_test(cases, a_handler_that_ends_is_told_with_its_words);
    tcase_add_loop_test(cases, a_handler_that_dies_in_an_access_is_told, 0, 2);
    tcase_add_test(cases, a_killed_handler_is_told);
    tcase_add_test(cases, qemu_killed_in_the_boot_is_told);
    tcase_add_test(cases, qemu_killed_while_a_claim_is_awaited_is_told);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
