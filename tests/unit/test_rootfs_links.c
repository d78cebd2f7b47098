/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links in an image: where they lead, and what may not lie behind them. */
#include "test_rootfs_fixture.h"

static const RootfsOwner all = {0755, 0, 0};

START_TEST(nothing_lies_below_a_later_link)
{
    g_autofree char *output = test_path("out.cpio");

    must(rootfs_image_add_directory(image, "/bin/x/y", &all, &error));
    must(rootfs_image_add_symlink(image, "/bin", "usr/bin", &all, &error));
    ck_assert(!rootfs_image_write(image, output, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/bin/x/y", "below /bin,");
    ck_assert(!g_file_test(output, G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST(links_on_the_way_are_followed)
{
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *names = NULL;

    must(rootfs_image_add_symlink(image, "/bin", "usr/bin", &all, &error));
    must(rootfs_image_add_symlink(image, "/b", "/bin", &all, &error));
    must(rootfs_image_add_directory(image, "/b/x", &all, &error));
    ck_assert(!rootfs_image_add_directory(image, "/usr/bin/x", &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/usr/bin/x", "twice");
    must(rootfs_image_write(image, output, &error));
    names = test_command((const char *const[]){"cpio", "--quiet", "-it", "-F", output, NULL}, NULL);
    ck_assert_str_eq(names, ".\nb\nbin\nusr\nusr/bin\nusr/bin/x\n");
}
END_TEST

START_TEST(ring_of_links)
{
    must(rootfs_image_add_symlink(image, "/a", "b", &all, &error));
    must(rootfs_image_add_symlink(image, "/b", "/a", &all, &error));
    ck_assert(!rootfs_image_add_directory(image, "/a/x", &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_PATH, "/a/x", "ring of links");
}
END_TEST

/* As many as the kernel follows, and one more. */
START_TEST(chain_of_links)
{
    must(rootfs_image_add_directory(image, "/0", &all, &error));
    for (int i = 1; i <= 41; i++) {
        g_autofree char *path = g_strdup_printf("/%d", i);
        g_autofree char *target = g_strdup_printf("%d", i - 1);

        must(rootfs_image_add_symlink(image, path, target, &all, &error));
    }
    must(rootfs_image_add_directory(image, "/40/x", &all, &error));
    ck_assert(!rootfs_image_add_directory(image, "/41/y", &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_PATH, "/41/y", "ring of links");
}
END_TEST

static const struct escape {
    const char *path, *target;
} escapes[] = {
    {"/a", ".."}, {"/a", "x/../../etc"}, {"/a/b", "../.."}, {"/a/b/c", "../../../x"}, {"/a", "/.."},
};

START_TEST(link_that_climbs_out)
{
    const struct escape *escape = &escapes[_i];

    ck_assert(!rootfs_image_add_symlink(image, escape->path, escape->target, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, escape->path, escape->target, "above the image's root");
}
END_TEST

START_TEST(link_that_stays_inside)
{
    must(rootfs_image_add_symlink(image, "/a/b/c", "../../x", &all, &error));
    must(rootfs_image_add_symlink(image, "/d", "./e/../f", &all, &error));
    must(rootfs_image_add_symlink(image, "/g/h", "/i/../j", &all, &error));
    must(rootfs_image_add_symlink(image, "/k", "..l", &all, &error));
}
END_TEST

static Suite *links_suite(void)
{
    Suite *suite = suite_create("rootfs_links");
    TCase *tc = tcase_create("links");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, nothing_lies_below_a_later_link);
    tcase_add_test(tc, links_on_the_way_are_followed);
    tcase_add_test(tc, ring_of_links);
    tcase_add_test(tc, chain_of_links);
    tcase_add_test(tc, link_that_stays_inside);
    tcase_add_loop_test(tc, link_that_climbs_out, 0, G_N_ELEMENTS(escapes));
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(links_suite());
}
