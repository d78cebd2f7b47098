/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole directories of the host in an image. */
#include "test_rootfs_fixture.h"

#include "rootfs_directory.h"

static const RootfsOwner all = {0755, 0, 0};

static void expect_listing(const char *expected)
{
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *listing = NULL;
    g_autofree char *with_root = g_strconcat("drwxr-xr-x 0 0 0 .\n", expected, NULL);

    must(rootfs_image_write(image, output, &error));
    listing = run("cpio --quiet -itvn <out.cpio | sed 's/  */ /g' | cut -d' ' -f 1,3-5,9-");
    ck_assert_str_eq(listing, with_root);
}

START_TEST(all_that_lies_there)
{
    g_autofree char *tree = test_path("tree");

    g_free(run("mkdir -p -m 700 tree/etc/empty; echo x >tree/etc/conf; chmod 600 tree/etc/conf;"
               "echo y >tree/run; chmod 4700 tree/run; ln -s /nowhere tree/link; echo z >tree/.dot"));
    must(rootfs_image_add_tree(image, "/", tree, &error));
    expect_listing("-rw-r--r-- 0 0 2 .dot\n"
                   "drwxr-xr-x 0 0 0 etc\n"
                   "-rw-r--r-- 0 0 2 etc/conf\n"
                   "drwxr-xr-x 0 0 0 etc/empty\n"
                   "lrwxrwxrwx 0 0 8 link -> /nowhere\n"
                   "-rwxr-xr-x 0 0 2 run\n");
}
END_TEST

START_TEST(below_a_directory_of_the_guest)
{
    g_autofree char *tree = test_path("tree");

    g_free(run("mkdir tree; echo x >tree/text"));
    must(rootfs_image_add_tree(image, "/opt", tree, &error));
    expect_listing("drwxr-xr-x 0 0 0 opt\n-rw-r--r-- 0 0 2 opt/text\n");
}
END_TEST

START_TEST(a_slash_at_the_end_does_not_count)
{
    g_autofree char *tree = test_path("tree");
    g_autofree char *empty = test_path("empty");

    g_free(run("mkdir tree empty; echo x >tree/text"));
    must(rootfs_image_add_tree(image, "/opt/", tree, &error));
    must(rootfs_image_add_tree(image, "//", tree, &error));
    must(rootfs_image_add_tree(image, "/", empty, &error));
    must(rootfs_image_add_tree(image, "/opt", empty, &error));
    must(rootfs_image_add_tree(image, "/srv/made//", empty, &error));
    expect_listing("drwxr-xr-x 0 0 0 opt\n-rw-r--r-- 0 0 2 opt/text\n"
                   "drwxr-xr-x 0 0 0 srv\ndrwxr-xr-x 0 0 0 srv/made\n-rw-r--r-- 0 0 2 text\n");
}
END_TEST

/* Also when there is nothing to put there. */
static const char *const no_paths[] = {"", "opt", "opt/", "junk/../", "/junk/..", "/a//b", "/./", "/a/./"};

START_TEST(what_is_no_directory_of_the_guest)
{
    g_autofree char *empty = test_path("empty");
    g_autofree char *named = g_strdup_printf("guest path '%s' ", no_paths[_i]);

    g_free(run("mkdir empty"));
    ck_assert(!rootfs_image_add_tree(image, no_paths[_i], empty, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_PATH, named);
    expect_listing("");
}
END_TEST

START_TEST(directories_that_are_there_stay)
{
    g_autofree char *tree = test_path("tree");

    g_free(run("mkdir -p tree/bin tree/root; echo x >tree/bin/x"));
    must(rootfs_image_add_directory(image, "/root", &(RootfsOwner){0700, 1, 2}, &error));
    must(rootfs_image_add_directory(image, "/usr/bin", &all, &error));
    must(rootfs_image_add_symlink(image, "/bin", "usr/bin", &all, &error));
    must(rootfs_image_add_tree(image, "/", tree, &error));
    expect_listing("lrwxr-xr-x 0 0 7 bin -> usr/bin\n"
                   "drwx------ 1 2 0 root\n"
                   "drwxr-xr-x 0 0 0 usr\n"
                   "drwxr-xr-x 0 0 0 usr/bin\n"
                   "-rw-r--r-- 0 0 2 usr/bin/x\n");
}
END_TEST

/* An empty one says no more than that it is there: whoever comes later can say more, once. */
START_TEST(more_is_said_of_an_empty_directory)
{
    g_autofree char *tree = test_path("tree");

    g_free(run("mkdir -p tree/srv"));
    must(rootfs_image_add_tree(image, "/", tree, &error));
    must(rootfs_image_add_directory(image, "/srv", &(RootfsOwner){0700, 1, 2}, &error));
    expect_listing("drwx------ 1 2 0 srv\n");
    ck_assert(!rootfs_image_add_directory(image, "/srv", &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/srv", "added twice");
}
END_TEST

/* As it is now: what lies there may be another a moment later. */
START_TEST(a_stage_is_read_at_once)
{
    g_autofree char *stage = test_path("stage");

    g_free(run("mkdir -p stage/opt; echo '@NO@' >stage/opt/text.in"));
    must(rootfs_image_add_stage(image, stage, &error));
    g_free(run("rm -r stage"));
    expect_listing("drwxr-xr-x 0 0 0 opt\n-rw-r--r-- 0 0 5 opt/text.in\n");
}
END_TEST

START_TEST(what_is_taken)
{
    g_autofree char *tree = test_path("tree");

    g_free(run("mkdir tree; echo x >tree/a"));
    must(rootfs_image_add_directory(image, "/a", &all, &error));
    ck_assert(!rootfs_image_add_tree(image, "/", tree, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/a", "twice");
}
END_TEST

static const struct bad {
    const char *make, *part;
    int code;
} bad[] = {
    {"mkfifo tree/odd", "manifest", ROOTFS_ERROR_SOURCE},
    {"ln -s ../../etc tree/odd", "above the image's root", ROOTFS_ERROR_VALUE},
    {"printf '\\177ELF' >tree/odd; chmod +x tree/odd", "damaged", ROOTFS_ERROR_SOURCE},
};

START_TEST(what_cannot_be_added)
{
    g_autofree char *tree = test_path("tree");
    g_autofree char *command = g_strdup_printf("mkdir tree; %s", bad[_i].make);

    g_free(run(command));
    ck_assert(!rootfs_image_add_tree(image, "/", tree, &error));
    EXPECT_ERROR(&error, bad[_i].code, "/odd", bad[_i].part);
}
END_TEST

START_TEST(templates)
{
    g_autofree char *tree = test_path("tree");
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *text = NULL;

    g_free(run("mkdir tree; echo '@MACHINE@ @KERNEL@ @A1_B@ @lower@ a@b @ @@' >tree/run.in;"
               "chmod +x tree/run.in"));
    rootfs_image_set_kernel(image, "6.1.0-1-test SMP mod_unload");
    must(rootfs_image_set_variable(image, "A1_B", "\\1 & x", &error));
    must(rootfs_image_add_tree(image, "/", tree, &error));
    expect_listing("-rwxr-xr-x 0 0 41 run\n");
    must(rootfs_image_write(image, output, &error));
    text = run("cpio --quiet -i --to-stdout run <out.cpio");
    ck_assert_str_eq(text, "x86 6.1.0-1-test \\1 & x @lower@ a@b @ @@\n");
}
END_TEST

static const struct bad_template {
    const char *make, *part;
} bad_templates[] = {
    {"printf 'a\nb @NOBODY@\n' >tree/t.in", "/t.in:2: @NOBODY@ has no value; give --set NOBODY="},
    {"echo @KERNEL@ >tree/t.in", "/t.in:1: @KERNEL@ has no value; say with --kernel-modules which"},
    {"printf 'a\\0b' >tree/t.in", "NUL byte"},
};

START_TEST(bad_template)
{
    g_autofree char *tree = test_path("tree");
    g_autofree char *command = g_strdup_printf("mkdir tree; %s", bad_templates[_i].make);

    g_free(run(command));
    ck_assert(!rootfs_image_add_tree(image, "/", tree, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, bad_templates[_i].part);
    ck_assert(!rootfs_image_set_variable(image, "lower", "x", &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, "'lower'", "capitals");
}
END_TEST

START_TEST(a_template_that_fails_has_used_nothing)
{
    g_autofree char *path = test_file("x.in", "@MACHINE@ @NOTHING@", 19);
    g_autofree char *taken = test_file("y.in", "@MACHINE@", 9);

    ck_assert(!rootfs_image_add_template(image, "/x", path, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_VALUE, path, "@NOTHING@");
    must(rootfs_image_add_directory(image, "/y", &all, &error));
    ck_assert(!rootfs_image_add_template(image, "/y", taken, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/y");
    ck_assert(!rootfs_image_has_used(image, "MACHINE"));
    must(rootfs_image_add_template(image, "/z", taken, &all, &error));
    ck_assert(rootfs_image_has_used(image, "MACHINE"));
}
END_TEST

/* Whatever order the file system has. */
START_TEST(the_first_mistake_by_name)
{
    g_autofree char *tree = test_path("tree");
    g_autofree char *first = test_path("tree/a");

    g_free(run("mkdir tree; mkfifo tree/c tree/a tree/b"));
    ck_assert(!rootfs_image_add_tree(image, "/", tree, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, first);
}
END_TEST

START_TEST(no_such_directory)
{
    g_autofree char *tree = test_path("tree");

    ck_assert(!rootfs_image_add_tree(image, "/", tree, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, tree, "No such file");
}
END_TEST

static Suite *directory_suite(void)
{
    Suite *suite = suite_create("rootfs_directory");
    TCase *tc = tcase_create("directory");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, all_that_lies_there);
    tcase_add_test(tc, below_a_directory_of_the_guest);
    tcase_add_test(tc, a_slash_at_the_end_does_not_count);
    tcase_add_loop_test(tc, what_is_no_directory_of_the_guest, 0, G_N_ELEMENTS(no_paths));
    tcase_add_test(tc, directories_that_are_there_stay);
    tcase_add_test(tc, more_is_said_of_an_empty_directory);
    tcase_add_test(tc, a_stage_is_read_at_once);
    tcase_add_test(tc, what_is_taken);
    tcase_add_loop_test(tc, what_cannot_be_added, 0, G_N_ELEMENTS(bad));
    tcase_add_test(tc, templates);
    tcase_add_loop_test(tc, bad_template, 0, G_N_ELEMENTS(bad_templates));
    tcase_add_test(tc, a_template_that_fails_has_used_nothing);
    tcase_add_test(tc, the_first_mistake_by_name);
    tcase_add_test(tc, no_such_directory);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(directory_suite());
}
