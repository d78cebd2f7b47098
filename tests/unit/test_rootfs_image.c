/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image builder, judged by GNU cpio and byte for byte. */
#include "test_rootfs_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

static const RootfsOwner plain = {0644, 0, 0};
static const RootfsOwner all = {0755, 0, 0};

static void fill(RootfsImage *into, const char *greeting)
{
    must(rootfs_image_add_file(into, "/usr/bin/hello", greeting, &all, &error));
    must(rootfs_image_add_symlink(into, "/bin", "usr/bin", &all, &error));
    must(rootfs_image_add_device(into, "/dev/console", 'c', 5, 1, &(RootfsOwner){0600, 0, 0},
                                 &error));
    must(rootfs_image_add_device(into, "/dev/disk", 'b', 259, 70000, &(RootfsOwner){0660, 0, 6},
                                 &error));
    must(rootfs_image_add_directory(into, "/tmp", &(RootfsOwner){01777, 0, 0}, &error));
    must(rootfs_image_add_file(into, "/a-b", greeting, &(RootfsOwner){0640, 12, 34}, &error));
    must(rootfs_image_add_file(into, "/a/b", greeting, &plain, &error));
}

/* Make the archive from a source in `directory`; returns its bytes. */
static GBytes *build_in(const char *directory)
{
    g_autofree char *where = test_path(directory);
    g_autofree char *source = g_build_filename(where, "greeting", NULL);
    g_autofree char *output = g_build_filename(where, "out.cpio", NULL);
    g_autoptr(RootfsImage) own = rootfs_image_new(ROOTFS_MACHINE_X86);
    char *bytes;
    gsize len;

    ck_assert_int_eq(g_mkdir(where, 0700), 0);
    ck_assert(g_file_set_contents(source, "hello\n", -1, NULL));
    fill(own, source);
    must(rootfs_image_write(own, output, &error));
    ck_assert(g_file_get_contents(output, &bytes, &len, NULL));
    return g_bytes_new_take(bytes, len);
}

START_TEST(equal_input_gives_equal_bytes)
{
    g_autoptr(GBytes) first = build_in("first");
    g_autoptr(GBytes) second = build_in("second-directory");

    ck_assert(g_bytes_equal(first, second));
    ck_assert_uint_gt(g_bytes_get_size(first), 110);
}
END_TEST

/* Two newc records: the header's 13 fields of 8 digits, and where the next one begins. */
START_TEST(golden_bytes)
{
    static const char expected[] =
        "070701"   /* the root directory */
        "00000001" /* inode */
        "000041ed" /* mode: directory, 0755 */
        "00000000" /* uid */
        "00000000" /* gid */
        "00000002" /* links */
        "00000010" /* time */
        "00000000" /* size */
        "00000000" "00000000" /* device that holds it */
        "00000000" "00000000" /* device that it is */
        "00000002" /* length of the name, with its NUL */
        "00000000" /* check */
        ".\0"
        "070701"   /* magic */
        "00000002" /* inode */
        "00002180" /* mode: character device, 0600 */
        "00000002" /* uid */
        "00000003" /* gid */
        "00000001" /* links */
        "00000010" /* time */
        "00000000" /* size */
        "00000000" "00000000" /* device that holds it */
        "00000005" "00000001" /* device that it is */
        "00000002" /* length of the name, with its NUL */
        "00000000" /* check */
        "c";
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *bytes = NULL;
    gsize len;

    g_setenv("SOURCE_DATE_EPOCH", "16", TRUE);
    must(rootfs_image_add_device(image, "/c", 'c', 5, 1, &(RootfsOwner){0600, 2, 3}, &error));
    must(rootfs_image_write(image, output, &error));
    ck_assert(g_file_get_contents(output, &bytes, &len, NULL));
    ck_assert_uint_ge(len, sizeof(expected));
    /* Some writers use capital digits; the kernel takes both. */
    for (gsize i = 0; i < sizeof(expected); i++) {
        ck_assert_int_eq(g_ascii_tolower(bytes[i]), expected[i]);
    }
    ck_assert_mem_eq(bytes + 224, "070701", 6);
    ck_assert_mem_eq(bytes + 224 + 110, "TRAILER!!!", 11);
}
END_TEST

static char *list(const char *option)
{
    g_autofree char *source = test_file("greeting", "hello\n", 6);
    g_autofree char *output = test_path("out.cpio");

    fill(image, source);
    must(rootfs_image_write(image, output, &error));
    return test_command((const char *const[]){"env", "TZ=UTC", "LC_ALL=C", "cpio", "--quiet",
                                              option, "-F", output, NULL}, NULL);
}

START_TEST(is_sorted_and_complete)
{
    g_autofree char *names = list("-it");

    ck_assert_str_eq(names, ".\na\na-b\na/b\nbin\ndev\ndev/console\ndev/disk\ntmp\nusr\nusr/bin\n"
                     "usr/bin/hello\n");
}
END_TEST

START_TEST(types_owners_and_device_numbers)
{
    g_autofree char *listing = list("-itvn");
    g_auto(GStrv) lines = g_strsplit(listing, "\n", -1);
    static const char *const expected[] = {
        "drwxr-xr-x 2 0 0 0 Jan 1 1970 .",
        "drwxr-xr-x 2 0 0 0 Jan 1 1970 a",
        "-rw-r----- 1 12 34 6 Jan 1 1970 a-b",
        "-rw-r--r-- 1 0 0 6 Jan 1 1970 a/b",
        "lrwxr-xr-x 1 0 0 7 Jan 1 1970 bin -> usr/bin",
        "drwxr-xr-x 2 0 0 0 Jan 1 1970 dev",
        "crw------- 1 0 0 5, 1 Jan 1 1970 dev/console",
        "brw-rw---- 1 0 6 259, 70000 Jan 1 1970 dev/disk",
        "drwxrwxrwt 2 0 0 0 Jan 1 1970 tmp",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autoptr(GRegex) blanks = g_regex_new(" +", 0, 0, NULL);
        g_autofree char *line = g_regex_replace_literal(blanks, lines[i], -1, 0, " ", 0, NULL);

        ck_assert_str_eq(line, expected[i]);
    }
}
END_TEST

START_TEST(unpacks_with_cpio)
{
    g_autofree char *source = test_file("greeting", "hello\n", 6);
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *where = test_path("unpacked");
    g_autofree char *file = test_path("unpacked/usr/bin/hello");
    g_autofree char *link = test_path("unpacked/bin/hello");
    g_autofree char *text = NULL;
    struct stat info;

    must(rootfs_image_add_file(image, "/usr/bin/hello", source, &all, &error));
    must(rootfs_image_add_symlink(image, "/bin", "usr/bin", &all, &error));
    must(rootfs_image_write(image, output, &error));
    ck_assert_int_eq(g_mkdir(where, 0700), 0);
    g_free(test_command((const char *const[]){"cpio", "--quiet", "-idm", "-F", output, NULL},
                        where));
    ck_assert_int_eq(stat(file, &info), 0);
    ck_assert_uint_eq(info.st_mode, S_IFREG | 0755);
    ck_assert_int_eq(info.st_mtime, 0);
    ck_assert(g_file_get_contents(link, &text, NULL, NULL));
    ck_assert_str_eq(text, "hello\n");
}
END_TEST

START_TEST(source_date_epoch_must_be_a_time)
{
    g_autofree char *output = test_path("out.cpio");

    g_setenv("SOURCE_DATE_EPOCH", "yesterday", TRUE);
    ck_assert(!rootfs_image_write(image, output, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, "SOURCE_DATE_EPOCH", "yesterday");
    g_setenv("SOURCE_DATE_EPOCH", "4294967296", TRUE);
    ck_assert(!rootfs_image_write(image, output, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, "4294967296");
}
END_TEST

static const char *const bad_paths[] = {
    "", "//", "relative/path", "/a/", "//a", "/a//b", "/.", "/..", "/a/../b", "/a/./b", "/a/..",
};

START_TEST(bad_guest_path)
{
    const char *path = bad_paths[_i];

    ck_assert(!rootfs_image_add_directory(image, path, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_PATH, "guest path", path);
}
END_TEST

START_TEST(the_root_is_a_directory_alone)
{
    must(rootfs_image_add_directory(image, "/", &(RootfsOwner){0700, 1, 2}, &error));
    ck_assert(!rootfs_image_add_directory(image, "/", &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "guest path / is added twice");
    ck_assert(!rootfs_image_add_symlink(image, "/", "b", &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_PATH, "guest path '/'");
}
END_TEST

START_TEST(dots_inside_names_are_fine)
{
    must(rootfs_image_add_directory(image, "/.config", &all, &error));
    must(rootfs_image_add_directory(image, "/...", &all, &error));
    must(rootfs_image_add_directory(image, "/..a", &all, &error));
}
END_TEST

START_TEST(duplicate_path)
{
    must(rootfs_image_add_directory(image, "/a", &all, &error));
    ck_assert(!rootfs_image_add_symlink(image, "/a", "b", &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/a", "remove");
    must(rootfs_image_add_symlink(image, "/b", "/bin/busybox", &all, &error));
    ck_assert(!rootfs_image_add_directory(image, "/b", &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/b", "a link to /bin/busybox");
}
END_TEST

/* Busybox has an applet of that name. */
START_TEST(a_program_with_a_taken_name)
{
    g_autofree char *source = test_file("ls", "#!/bin/sh\n", 10);
    g_autofree char *output = test_path("out.cpio");

    must(rootfs_image_add_symlink(image, "/bin/ls", "/bin/busybox", &all, &error));
    must(rootfs_image_add_file(image, "/root/ls", source, &all, &error));
    must(rootfs_image_add_file(image, "/usr/bin/less", source, &all, &error));
    must(rootfs_image_write(image, output, &error));
    must(rootfs_image_add_file(image, "/usr/bin/ls", source, &all, &error));
    ck_assert(!rootfs_image_write(image, output, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/usr/bin/ls", "has /bin/ls", "another name");
}
END_TEST

static const char *const program_directories[] = {"/bin", "/sbin", "/usr/bin", "/usr/sbin"};

START_TEST(every_directory_of_programs_counts)
{
    const char *other = program_directories[(_i + 1) % G_N_ELEMENTS(program_directories)];
    g_autofree char *path = g_strconcat(program_directories[_i], "/tool", NULL);
    g_autofree char *second = g_strconcat(other, "/tool", NULL);
    g_autofree char *source = test_file("tool", "#!/bin/sh\n", 10);
    g_autofree char *output = test_path("out.cpio");

    must(rootfs_image_add_file(image, path, source, &all, &error));
    must(rootfs_image_add_file(image, second, source, &all, &error));
    ck_assert(!rootfs_image_write(image, output, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, path, second, "another name");
}
END_TEST

START_TEST(bad_values)
{
    ck_assert(!rootfs_image_add_directory(image, "/a", &(RootfsOwner){010000, 0, 0}, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, "/a", "10000");
    ck_assert(!rootfs_image_add_symlink(image, "/a", "", &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, "/a", "target");
    ck_assert(!rootfs_image_add_device(image, "/a", 'p', 1, 1, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, "/a", "'p'");
    ck_assert(!rootfs_image_add_device(image, "/a", 'c', 4096, 1, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, "4096:1");
    ck_assert(!rootfs_image_add_device(image, "/a", 'c', 1, 1048576, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, "1:1048576");
    /* None of them is in the image. */
    must(rootfs_image_add_directory(image, "/a", &all, &error));
}
END_TEST

START_TEST(unknown_machine)
{
    RootfsMachine machine;

    must(rootfs_machine_parse("raspi4b", &machine, &error));
    ck_assert_int_eq(machine, ROOTFS_MACHINE_RASPI4B);
    must(rootfs_machine_parse("x86", &machine, &error));
    ck_assert_int_eq(machine, ROOTFS_MACHINE_X86);
    ck_assert(!rootfs_machine_parse("vax", &machine, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, "vax", "raspi4b");
}
END_TEST

/* Names in the test's directory, for a look at what was left there. */
static guint count_files(void)
{
    g_autoptr(GDir) dir = g_dir_open(test_dir, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir) != NULL) {
        n++;
    }
    return n;
}

START_TEST(failure_leaves_the_old_archive)
{
    g_autofree char *source = test_file("greeting", "hello\n", 6);
    g_autofree char *output = test_file("out.cpio", "old", 3);
    g_autofree char *text = NULL;

    must(rootfs_image_add_file(image, "/hello", source, &plain, &error));
    ck_assert(g_file_set_contents(source, "longer than before\n", -1, NULL));
    ck_assert(!rootfs_image_write(image, output, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, source, "changed");
    ck_assert(g_file_set_contents(source, "Hello\n", -1, NULL)); /* as long, and another file */
    ck_assert(!rootfs_image_write(image, output, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, source, "changed");
    ck_assert_int_eq(g_unlink(source), 0);
    ck_assert_int_eq(mkfifo(source, 0600), 0); /* is not waited for */
    ck_assert(!rootfs_image_write(image, output, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, source, "changed");
    ck_assert_int_eq(g_unlink(source), 0);
    ck_assert(!rootfs_image_write(image, output, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, source, "No such file");
    ck_assert(g_file_get_contents(output, &text, NULL, NULL));
    ck_assert_str_eq(text, "old");
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

/* The first archive is one that no kernel unpacks, and the second is damaged. */
START_TEST(a_base_that_failed_leaves_nothing)
{
    g_autofree char *bad = test_path("bad.cpio");
    g_autofree char *good = test_path("good.cpio");

    g_free(run("mkdir a; echo a | cpio --quiet -o -H newc >good.cpio;"
               "(echo a | cpio --quiet -o -H odc; echo junk) >bad.cpio"));
    ck_assert(!rootfs_image_load_base(image, bad, TRUE, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_BASE, bad, "damaged");
    must(rootfs_image_check_base(image, &error));
    must(rootfs_image_load_base(image, good, TRUE, &error));
    must(rootfs_image_check_base(image, &error));
}
END_TEST

START_TEST(output_that_cannot_be_written)
{
    g_autofree char *missing = test_path("missing/out.cpio");
    g_autofree char *directory = test_path("directory");

    ck_assert(!rootfs_image_write(image, missing, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_OUTPUT, missing, "No such file");
    ck_assert_int_eq(g_mkdir(directory, 0700), 0);
    ck_assert(!rootfs_image_write(image, directory, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_OUTPUT, directory, "directory");
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(the_kernel_needs_an_init)
{
    g_autofree char *file = test_file("init", "#!/bin/sh\n", 10);

    ck_assert(!rootfs_image_check_init(image, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_INIT, "/init", "missing", "755");
    must(rootfs_image_add_symlink(image, "/init", "sbin/init", &all, &error));
    ck_assert(!rootfs_image_check_init(image, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_INIT, "missing");
    must(rootfs_image_add_file(image, "/sbin/init", file, &all, &error));
    must(rootfs_image_check_init(image, &error));
}
END_TEST

static const RootfsOwner not_executable = {0644, 0, 0};

START_TEST(an_init_is_executable)
{
    g_autofree char *file = test_file("init", "#!/bin/sh\n", 10);

    must(rootfs_image_add_file(image, "/init", file, &not_executable, &error));
    ck_assert(!rootfs_image_check_init(image, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_INIT, "/init", "executable", "755");
}
END_TEST

START_TEST(an_init_is_a_file)
{
    must(rootfs_image_add_directory(image, "/init", &all, &error));
    ck_assert(!rootfs_image_check_init(image, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_INIT, "/init", "executable", "755");
}
END_TEST

static const char *const compressions[] = {"gzip", "zstd"};

START_TEST(compressed_when_asked)
{
    const char *how = compressions[_i];
    g_autofree char *source = test_file("greeting", "hello\n", 6);
    g_autofree char *plain_archive = test_path("plain.cpio");
    g_autofree char *packed = test_path("packed");
    g_autofree char *first = NULL, *second = NULL;
    g_autofree char *unpack = g_strdup_printf("%s -dc <packed | cmp - plain.cpio", how);
    RootfsCompression compression;
    gsize first_len, second_len;

    fill(image, source);
    must(rootfs_image_write(image, plain_archive, &error));
    must(rootfs_compression_parse(how, &compression, &error));
    rootfs_image_set_compression(image, compression);
    must(rootfs_image_write(image, packed, &error));
    g_free(test_command((const char *const[]){"sh", "-ec", unpack, NULL}, test_dir));
    ck_assert(g_file_get_contents(packed, &first, &first_len, NULL));
    g_usleep(1100000); /* a time in the archive would be another one now */
    must(rootfs_image_write(image, packed, &error));
    ck_assert(g_file_get_contents(packed, &second, &second_len, NULL));
    ck_assert_mem_eq(first, second, first_len);
    ck_assert_uint_eq(first_len, second_len);
}
END_TEST

START_TEST(unknown_compression)
{
    RootfsCompression compression;

    ck_assert(!rootfs_compression_parse("rar", &compression, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, "rar", "gzip or zstd");
}
END_TEST

static Suite *image_suite(void)
{
    Suite *suite = suite_create("rootfs_image");
    TCase *tc = tcase_create("image");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, equal_input_gives_equal_bytes);
    tcase_add_test(tc, golden_bytes);
    tcase_add_test(tc, is_sorted_and_complete);
    tcase_add_test(tc, types_owners_and_device_numbers);
    tcase_add_test(tc, unpacks_with_cpio);
    tcase_add_test(tc, source_date_epoch_must_be_a_time);
    tcase_add_loop_test(tc, bad_guest_path, 0, G_N_ELEMENTS(bad_paths));
    tcase_add_test(tc, the_root_is_a_directory_alone);
    tcase_add_test(tc, dots_inside_names_are_fine);
    tcase_add_test(tc, duplicate_path);
    tcase_add_test(tc, a_program_with_a_taken_name);
    tcase_add_loop_test(tc, every_directory_of_programs_counts, 0,
                        G_N_ELEMENTS(program_directories));
    tcase_add_test(tc, bad_values);
    tcase_add_test(tc, unknown_machine);
    tcase_add_test(tc, failure_leaves_the_old_archive);
    tcase_add_test(tc, a_base_that_failed_leaves_nothing);
    tcase_add_test(tc, output_that_cannot_be_written);
    tcase_add_test(tc, the_kernel_needs_an_init);
    tcase_add_test(tc, an_init_is_executable);
    tcase_add_test(tc, an_init_is_a_file);
    tcase_add_loop_test(tc, compressed_when_asked, 0, G_N_ELEMENTS(compressions));
    tcase_add_test(tc, unknown_compression);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(image_suite());
}
