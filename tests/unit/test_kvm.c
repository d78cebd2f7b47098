/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A KVM that is none, and one that does not answer. */
#include "kvm.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

START_TEST(a_device_that_is_not_there)
{
    g_autofree char *why = NULL;

    ck_assert(!vmb_kvm_try("/nonexistent/kvm", 60000, &why));
    ck_assert_str_eq(why, "/nonexistent/kvm: No such file or directory");
}
END_TEST

START_TEST(a_device_that_is_another)
{
    g_autofree char *why = NULL;

    ck_assert(!vmb_kvm_try("/dev/null", 60000, &why));
    ck_assert_str_eq(why, "/dev/null: Inappropriate ioctl for device");
}
END_TEST

/* Who opens a file that another process has a lease on waits in the kernel, here for 45 s. */
START_TEST(a_device_that_hangs_is_not_waited_for)
{
    g_autofree char *path = NULL;
    g_autofree char *why = NULL;
    int fd = g_file_open_tmp("vmbench-kvm-XXXXXX", &path, NULL);
    gint64 start = g_get_monotonic_time();

    ck_assert_int_ge(fd, 0);
    signal(SIGIO, SIG_IGN); /* would ask for the lease */
    ck_assert_int_eq(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
    ck_assert(!vmb_kvm_try(path, 100, &why));
    ck_assert_ptr_nonnull(strstr(why, " does not answer within 0.1 s"));
    ck_assert_int_lt(g_get_monotonic_time() - start, 20 * G_USEC_PER_SEC);
    close(fd);
    g_unlink(path);
}
END_TEST

START_TEST(the_answer_is_remembered)
{
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;

    ck_assert_int_eq(vmb_kvm_is_usable(&first), first == NULL);
    ck_assert_int_eq(vmb_kvm_is_usable(&second), second == NULL);
    ck_assert_int_eq(g_strcmp0(first, second), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kvm");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 60);
    tcase_add_test(all, a_device_that_is_not_there);
    tcase_add_test(all, a_device_that_is_another);
    tcase_add_test(all, a_device_that_hangs_is_not_waited_for);
    tcase_add_test(all, the_answer_is_remembered);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
