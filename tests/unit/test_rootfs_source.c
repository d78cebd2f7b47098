/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host files on their way into an image. */
#include "test_rootfs.h"

#include "rootfs_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_SIZE = 64 };

/* The header of a 64-bit ELF program without segments: `order` 1 is little-endian, 2 big. */
static char *elf_file(const char *name, guint8 order, guint8 machine)
{
    guint8 head[HEADER_SIZE] = {0x7f, 'E', 'L', 'F', 2, order, 1, [52] = HEADER_SIZE};

    head[order == 1 ? 16 : 17] = 2; /* an executable program */
    head[order == 1 ? 18 : 19] = machine;
    head[order == 1 ? 20 : 23] = 1;
    return test_file(name, head, sizeof(head));
}

static gboolean check(const char *path, RootfsMachine machine, gint64 *size, GError **error)
{
    g_autoptr(RootfsElf) elf = NULL;

    return rootfs_source_check(path, machine, size, &elf, error);
}

static void expect_machine(const char *path, RootfsMachine good, RootfsMachine bad)
{
    GError *error = NULL;
    gint64 size = 0;

    ck_assert(check(path, good, &size, &error));
    ck_assert_int_eq(size, HEADER_SIZE);
    ck_assert(!check(path, bad, &size, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MACHINE, path, "x86_64", "aarch64", "-linux-gnu-gcc");
}

START_TEST(program_for_one_machine_only)
{
    g_autofree char *x86 = elf_file("x86", 1, 0x3e);
    g_autofree char *pi = elf_file("pi", 1, 0xb7);

    expect_machine(x86, ROOTFS_MACHINE_X86, ROOTFS_MACHINE_RASPI4B);
    expect_machine(pi, ROOTFS_MACHINE_RASPI4B, ROOTFS_MACHINE_X86);
}
END_TEST

START_TEST(program_for_neither)
{
    g_autofree char *riscv = elf_file("riscv", 1, 0xf3);
    g_autofree char *big = elf_file("big", 2, 0x3e);
    const char *const paths[] = {riscv, big};
    GError *error = NULL;
    gint64 size;

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        ck_assert(!check(paths[i], ROOTFS_MACHINE_X86, &size, &error));
        EXPECT_ERROR(&error, ROOTFS_ERROR_MACHINE, paths[i], "another architecture");
    }
}
END_TEST

START_TEST(damaged_program)
{
    g_autofree char *path = test_file("cut", "\177ELF\2\1", 6);
    GError *error = NULL;
    gint64 size;

    ck_assert(!check(path, ROOTFS_MACHINE_X86, &size, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "damaged", "again");
}
END_TEST

START_TEST(what_is_no_program_fits_both)
{
    g_autofree char *script = test_file("script", "#!/bin/sh\n", 10);
    g_autofree char *empty = test_file("empty", "", 0);
    GError *error = NULL;
    gint64 size = -1;

    ck_assert(check(script, ROOTFS_MACHINE_X86, &size, &error));
    ck_assert_int_eq(size, 10);
    ck_assert(check(empty, ROOTFS_MACHINE_RASPI4B, &size, &error));
    ck_assert_int_eq(size, 0);
}
END_TEST

START_TEST(missing_file)
{
    g_autofree char *path = test_path("missing");
    GError *error = NULL;
    gint64 size;

    ck_assert(!check(path, ROOTFS_MACHINE_X86, &size, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "No such file", "check");
}
END_TEST

START_TEST(directories_and_pipes_are_no_files)
{
    g_autofree char *fifo = test_path("fifo");
    GError *error = NULL;
    gint64 size;

    ck_assert(!check(test_dir, ROOTFS_MACHINE_X86, &size, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, test_dir, "is a directory", "--overlay", "manifest");
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    ck_assert(!check(fifo, ROOTFS_MACHINE_X86, &size, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, fifo, "regular");
}
END_TEST

static void expect_too_large(const char *path, off_t size)
{
    GError *error = NULL;
    gint64 unused;

    ck_assert_int_eq(truncate(path, size), 0);
    ck_assert(!check(path, ROOTFS_MACHINE_X86, &unused, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "4 GiB - 1 or more", "split it");
}

START_TEST(four_gigabytes_less_one_are_too_much)
{
    g_autofree char *path = test_file("huge", "", 0);
    GError *error = NULL;
    gint64 size;

    ck_assert_int_eq(truncate(path, 0xfffffffe), 0);
    ck_assert(check(path, ROOTFS_MACHINE_X86, &size, &error));
    ck_assert_int_eq(size, 0xfffffffe);
    expect_too_large(path, 0xffffffff);
    expect_too_large(path, 0x100000000);
    expect_too_large(path, 0x200000000);
}
END_TEST

static Suite *source_suite(void)
{
    Suite *suite = suite_create("rootfs_source");
    TCase *tc = tcase_create("source");

    tcase_add_checked_fixture(tc, test_dir_set_up, test_dir_tear_down);
    tcase_add_test(tc, program_for_one_machine_only);
    tcase_add_test(tc, program_for_neither);
    tcase_add_test(tc, damaged_program);
    tcase_add_test(tc, what_is_no_program_fits_both);
    tcase_add_test(tc, missing_file);
    tcase_add_test(tc, directories_and_pipes_are_no_files);
    tcase_add_test(tc, four_gigabytes_less_one_are_too_much);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(source_suite());
}
