/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base archives that claim more than an image takes, and the longest names that it takes. */
#include "test_rootfs_fixture.h"
#include "test_rootfs_newc.h"

#include <sys/resource.h>

static const RootfsOwner all = {0755, 0, 0};

/* ---- Sizes ---- */

enum { MEMORY_KIB = 64 * 1024 }; /* more than reading takes, less than what follows a claim */

/* One member, and no data behind it. */
static void newc_claim(GString *archive, guint mode, guint64 size)
{
    newc_header(archive, "a/file", mode, 0, 0, (guint)size);
}

/* odc has 11 octal digits for the size. */
static void odc_claim(GString *archive, guint mode, guint64 size)
{
    g_string_append_printf(archive, "070707%06o%06o%06o%06o%06o%06o%06o%011o%06o%011" G_GINT64_MODIFIER
                           "o", 0, 1, mode, 0, 0, 1, 0, 0, 7, size);
    g_string_append_len(archive, "a/file", 7);
}

/* What afio writes for large files has 16 digits. */
static void afio_claim(GString *archive, guint mode, guint64 size)
{
    g_string_append_printf(archive, "070727%08x%016xm%06o%08x%08x%08x%08x%016xn%04x%04x%04xs%016"
                           G_GINT64_MODIFIER "x:", 0, 1, mode, 0, 0, 1, 0, 0, 7, 0, 0, size);
    g_string_append_len(archive, "a/file", 7);
}

static const struct claim {
    void (*append)(GString *archive, guint mode, guint64 size);
    guint mode;
    guint64 size;
} claims[] = {
    {newc_claim, 0100644, 0xffffffff},
    {newc_claim, 040755, 0xffffffff},
    {odc_claim, 0100644, 0xffffffff},
    {odc_claim, 0100644, 0x100000000},
    {odc_claim, 0100644, 0x1ffffffff},
    {afio_claim, 0100644, 0x100000000},
    {afio_claim, 0100644, 0xffffffffffffffff},
};

static long peak_memory_kib(void)
{
    struct rusage usage;

    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static void expect_refused(const char *path, gboolean data, const char *part)
{
    long before = peak_memory_kib();

    ck_assert(!rootfs_image_load_base(image, path, data, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_BASE, path, part);
    ck_assert_int_lt(peak_memory_kib() - before, MEMORY_KIB);
}

START_TEST(a_claim_of_four_gigabytes)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *path = NULL;

    claims[_i].append(archive, claims[_i].mode, claims[_i].size);
    path = test_file("base.cpio", archive->str, archive->len);
    expect_refused(path, TRUE, "member '/a/file' says that it has 4 GiB - 1 or more");
    expect_refused(path, FALSE, "split it");
}
END_TEST

/* The zeros are four times the memory that is allowed. */
START_TEST(a_claim_with_packed_zeros)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *path = test_path("base.cpio.gz");

    newc_claim(archive, 0100644, 0xffffffff);
    g_free(test_file("head", archive->str, archive->len));
    g_free(run("(cat head; head -c 256M /dev/zero) | gzip -1 >base.cpio.gz"));
    expect_refused(path, TRUE, "member '/a/file' says that it has 4 GiB - 1 or more");
    expect_refused(path, FALSE, "make the archive again");
}
END_TEST

START_TEST(a_link_with_a_target_of_four_gigabytes)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *path = NULL;

    newc_claim(archive, 0120777, 0xffffffff);
    path = test_file("base.cpio", archive->str, archive->len);
    expect_refused(path, TRUE, "symlink contents exceed");
}
END_TEST

START_TEST(the_largest_claim_without_its_data)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *path = NULL;

    newc_claim(archive, 0100644, 0xfffffffe);
    g_string_append(archive, "some bytes");
    path = test_file("base.cpio", archive->str, archive->len);
    expect_refused(path, TRUE, "is truncated");
    expect_refused(path, FALSE, "is truncated");
}
END_TEST

START_TEST(a_host_file_that_is_too_large)
{
    g_autofree char *path = test_path("huge");

    g_free(run("truncate -s 4294967295 huge"));
    ck_assert(!rootfs_image_add_file(image, "/huge", path, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "4 GiB - 1 or more", "split it");
}
END_TEST

/* ---- Names ---- */

/* A path of `len` bytes, its parts as long as a part may be. */
static char *path_of(gsize len)
{
    GString *path = g_string_new(NULL);

    while (path->len < len) {
        g_string_append_c(path, path->len % 256 == 0 ? '/' : 'x');
    }
    return g_string_free(path, FALSE);
}

static const char *const unpackers[] = {
    "cpio --quiet -id <../out.cpio", "bsdcpio --quiet -id <../out.cpio",
};

static const char *const listers[] = {
    "cpio --quiet -it <out.cpio", "bsdcpio --quiet -it <out.cpio",
};

START_TEST(the_longest_path)
{
    g_autofree char *path = path_of(4095);
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *list = g_strdup_printf("%s | tail -n 1", listers[_i]);
    g_autofree char *unpack = g_strdup_printf(
        "mkdir out; cd out; %s; find . -type f -printf '/%%P\\n' -execdir cat '{}' ';'", unpackers[_i]);
    g_autofree char *host = test_file("text", "some text", 9);
    g_autofree char *listed = NULL, *found = NULL;
    g_autofree char *expected = g_strconcat(path, "\nsome text", NULL);
    g_autoptr(RootfsImage) again = rootfs_image_new(ROOTFS_MACHINE_X86);

    must(rootfs_image_add_file(image, path, host, &all, &error));
    must(rootfs_image_write(image, output, &error));
    listed = run(list);
    ck_assert(g_str_equal(g_strchomp(listed), path + 1)); /* Check prints no more than 4096 bytes */
    must(rootfs_image_load_base(again, output, TRUE, &error));
    must(rootfs_image_write(again, output, &error));
    found = run(unpack);
    ck_assert(g_str_equal(found, expected));
}
END_TEST

static void expect_bad_path(const char *path, const char *part)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *base = NULL;

    ck_assert(!rootfs_image_add_directory(image, path, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_PATH, path, part, "shorten it");
    newc_member(archive, path + 1, 040755, 0, 0, "");
    newc_trailer(archive);
    base = test_file("base.cpio", archive->str, archive->len);
    ck_assert(!rootfs_image_load_base(image, base, TRUE, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_BASE, base, path, part, "shorten it");
}

/* Without its dots it would be a path that is short enough. */
static void expect_long_name(const char *name)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *base = NULL;

    newc_member(archive, name, 040755, 0, 0, "");
    newc_trailer(archive);
    base = test_file("base.cpio", archive->str, archive->len);
    ck_assert(!rootfs_image_load_base(image, base, TRUE, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_BASE, base, "has a name of more than 4095 bytes; shorten it");
}

START_TEST(longer_names)
{
    g_autofree char *path = path_of(4096);
    g_autofree char *part = path_of(256);
    g_autofree char *last = g_strconcat("/a", part, "x", NULL);
    g_autofree char *middle = g_strconcat(part, "x/b", NULL);
    g_autofree char *short_path = path_of(4094);
    g_autofree char *dotted = g_strconcat("././", short_path + 1, NULL);

    must(rootfs_image_add_directory(image, part, &all, &error));
    rootfs_image_free(image);
    image = rootfs_image_new(ROOTFS_MACHINE_X86);
    expect_bad_path(path, "is longer than 4095 bytes");
    expect_bad_path(last, "has a part of more than 255 bytes");
    expect_bad_path(middle, "has a part of more than 255 bytes");
    expect_long_name(dotted);
}
END_TEST

START_TEST(a_path_that_links_make_too_long)
{
    g_autofree char *target = path_of(4090);

    must(rootfs_image_add_symlink(image, "/a", target, &all, &error));
    must(rootfs_image_add_directory(image, "/a/1234", &all, &error));
    ck_assert(!rootfs_image_add_directory(image, "/a/12345", &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_PATH, "/12345", "is longer than 4095 bytes");
}
END_TEST

static void load_link(const char *target)
{
    g_autoptr(GString) archive = g_string_new(NULL);

    newc_member(archive, "link", 0120777, 0, 0, target);
    newc_trailer(archive);
    g_free(test_file("base.cpio", archive->str, archive->len));
}

START_TEST(the_longest_target_of_a_link)
{
    g_autofree char *target = path_of(4095);
    g_autofree char *longer = path_of(4096);
    g_autofree char *base = test_path("base.cpio");
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *expected = g_strdup_printf("%s\n%s\n", target, target);
    g_autofree char *text = NULL;

    load_link(longer);
    ck_assert(!rootfs_image_load_base(image, base, TRUE, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_BASE, base, "'/link'", "more than 4095 bytes");
    load_link(target);
    must(rootfs_image_load_base(image, base, TRUE, &error));
    must(rootfs_image_add_symlink(image, "/other", target, &all, &error));
    ck_assert(!rootfs_image_add_symlink(image, "/third", longer, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, "/third", "1 to 4095 bytes");
    must(rootfs_image_write(image, output, &error));
    text = run("mkdir out; cd out; cpio --quiet -id <../out.cpio; readlink link; readlink other");
    ck_assert(g_str_equal(text, expected));
}
END_TEST

static Suite *limits_suite(void)
{
    Suite *suite = suite_create("rootfs_limits");
    TCase *tc = tcase_create("limits");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, a_claim_of_four_gigabytes, 0, G_N_ELEMENTS(claims));
    tcase_add_test(tc, a_claim_with_packed_zeros);
    tcase_add_test(tc, a_link_with_a_target_of_four_gigabytes);
    tcase_add_test(tc, the_largest_claim_without_its_data);
    tcase_add_test(tc, a_host_file_that_is_too_large);
    tcase_add_loop_test(tc, the_longest_path, 0, G_N_ELEMENTS(unpackers));
    tcase_add_test(tc, longer_names);
    tcase_add_test(tc, a_path_that_links_make_too_long);
    tcase_add_test(tc, the_longest_target_of_a_link);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(limits_suite());
}
