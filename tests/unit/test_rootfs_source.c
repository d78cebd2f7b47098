/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host files on their way into an image. */
#include "test_rootfs.h"

#include "rootfs_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean check(const char *path, RootfsStamp *stamp, GError **error)
{
    int fd = rootfs_source_open(path, error);
    gboolean good = fd >= 0 && rootfs_source_check(fd, path, stamp, error);

    if (fd >= 0) {
        close(fd);
    }
    return good;
}

START_TEST(a_file_has_a_size)
{
    g_autofree char *script = test_file("script", "#!/bin/sh\n", 10);
    g_autofree char *empty = test_file("empty", "", 0);
    GError *error = NULL;
    RootfsStamp stamp = {0};

    ck_assert(check(script, &stamp, &error));
    ck_assert_int_eq(stamp.size, 10);
    ck_assert(check(empty, &stamp, &error));
    ck_assert_int_eq(stamp.size, 0);
}
END_TEST

START_TEST(missing_file)
{
    g_autofree char *path = test_path("missing");
    GError *error = NULL;
    RootfsStamp stamp;

    ck_assert(!check(path, &stamp, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "No such file", "check");
}
END_TEST

START_TEST(directories_and_pipes_are_no_files)
{
    g_autofree char *fifo = test_path("fifo");
    GError *error = NULL;
    RootfsStamp stamp;

    ck_assert(!check(test_dir, &stamp, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, test_dir, "is a directory", "--overlay", "manifest");
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    ck_assert(!check(fifo, &stamp, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, fifo, "regular");
}
END_TEST

static void expect_too_large(const char *path, off_t size)
{
    GError *error = NULL;
    RootfsStamp stamp;

    ck_assert_int_eq(truncate(path, size), 0);
    ck_assert(!check(path, &stamp, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "4 GiB - 1 or more", "split it");
}

START_TEST(four_gigabytes_less_one_are_too_much)
{
    g_autofree char *path = test_file("huge", "", 0);
    GError *error = NULL;
    RootfsStamp stamp;

    ck_assert_int_eq(truncate(path, 0xfffffffe), 0);
    ck_assert(check(path, &stamp, &error));
    ck_assert_int_eq(stamp.size, 0xfffffffe);
    expect_too_large(path, 0xffffffff);
    expect_too_large(path, 0x100000000);
    expect_too_large(path, 0x200000000);
}
END_TEST

/* ---- Changes ---- */

/* Each leaves the size as it is. */
static const char *const changes[] = {
    "printf b >>file; sed -i s/a// file", "touch -d @1 file",
    "printf b | dd of=file conv=notrunc status=none",
    "cp file other; touch -r file other; mv other file", "rm file; mkfifo file",
};

static gboolean is_same(const char *path, const RootfsStamp *stamp, GError **error)
{
    int fd = rootfs_source_open(path, error);
    gboolean same = rootfs_source_check_same(fd, path, stamp, error);

    close(fd);
    return same;
}

START_TEST(a_change_is_seen_that_leaves_the_size)
{
    g_autofree char *path = test_file("file", "a", 1);
    const char *argv[] = {"sh", "-ec", changes[_i], NULL};
    GError *error = NULL;
    RootfsStamp stamp;

    ck_assert_int_eq(utimensat(AT_FDCWD, path, (struct timespec[2]){{1000, 1}, {1000, 1}}, 0), 0);
    ck_assert(check(path, &stamp, &error));
    ck_assert(is_same(path, &stamp, &error));
    g_free(test_command(argv, test_dir));
    ck_assert(!is_same(path, &stamp, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "changed while the image was made; build it again");
}
END_TEST

/* A file of sysfs says that it has a page. */
START_TEST(fewer_bytes_than_the_size)
{
    static const char path[] = "/sys/kernel/uevent_seqnum";
    GError *error = NULL;

    ck_assert_ptr_null(rootfs_source_read(path, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "has fewer bytes than its size says; add a copy");
}
END_TEST

static Suite *source_suite(void)
{
    Suite *suite = suite_create("rootfs_source");
    TCase *tc = tcase_create("source");

    tcase_add_checked_fixture(tc, test_dir_set_up, test_dir_tear_down);
    tcase_add_test(tc, a_file_has_a_size);
    tcase_add_test(tc, missing_file);
    tcase_add_test(tc, directories_and_pipes_are_no_files);
    tcase_add_test(tc, four_gigabytes_less_one_are_too_much);
    tcase_add_loop_test(tc, a_change_is_seen_that_leaves_the_size, 0, G_N_ELEMENTS(changes));
    tcase_add_test(tc, fewer_bytes_than_the_size);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(source_suite());
}
