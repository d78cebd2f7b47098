/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of any bytes but NUL and '/' on their way into an image and out of it. */
#include "test_rootfs_fixture.h"
#include "test_rootfs_newc.h"

#include "rootfs_directory.h"
#include "rootfs_manifest.h"

static const RootfsOwner all = {0755, 0, 0};

#define INVALID "\377\376" /* is no UTF-8 */

static const char *const names[] = {
    INVALID, "a b", " ", "a\nb", "\n", "-n", "a\\b", "\"a'", "$(a)*?", "\303\244", "\t",
    "TRAILER!!", "~", "#",
};

/* NUL-terminated names, sorted by their bytes, each with its file's text or its link's target. */
#define FINGERPRINT \
    "find . ! -name . -print0 | sort -z;" \
    "find . -type f -print0 | sort -z | xargs -0 cat; find . -type l -printf '%l\\0' | sort -z"

static const char *const unpackers[] = {"cpio --quiet -id", "bsdcpio --quiet -id"};
static const char *const listers[] = {"cpio --quiet -it", "bsdcpio --quiet -it"};

/* ./tree with a file, a directory with a file and a link of each name. */
static void make_tree(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *directory = g_build_filename(test_dir, "tree", "sub", names[i], NULL);
        g_autofree char *inner = g_build_filename(directory, names[i], NULL);
        g_autofree char *file = g_build_filename(test_dir, "tree", names[i], NULL);
        g_autofree char *link = g_strconcat(inner, ".link", NULL);

        g_free(test_command((const char *const[]){"mkdir", "-p", "--", directory, NULL}, NULL));
        ck_assert(g_file_set_contents(inner, names[i], -1, NULL));
        ck_assert(g_file_set_contents(file, "text", -1, NULL));
        g_free(test_command((const char *const[]){"ln", "-s", "--", names[i], link, NULL}, NULL));
    }
}

static void write_image(RootfsImage *from)
{
    g_autofree char *output = test_path("out.cpio");

    must(rootfs_image_write(from, output, &error));
}

/* The archive out.cpio has what ./tree has, neither less nor more. */
static void expect_tree(const char *unpack, const char *list)
{
    g_autofree char *command = g_strdup_printf(
        "rm -rf out; mkdir out; (cd out; %s <../out.cpio; %s) >got; (cd tree; %s) >want; cmp got want;"
        "%s <out.cpio | wc -l", unpack, FINGERPRINT, FINGERPRINT, list);
    g_autofree char *lines = run(command);

    ck_assert_int_gt(atoi(lines), 3 * (int)G_N_ELEMENTS(names));
}

START_TEST(in_an_overlay_and_a_base)
{
    g_autofree char *tree = test_path("tree");
    g_autofree char *output = test_path("out.cpio");
    g_autoptr(RootfsImage) again = rootfs_image_new(ROOTFS_MACHINE_X86);

    make_tree();
    must(rootfs_image_add_tree(image, "/", tree, &error));
    write_image(image);
    expect_tree(unpackers[_i], listers[_i]);
    must(rootfs_image_load_base(again, output, TRUE, &error));
    write_image(again);
    expect_tree(unpackers[_i], listers[_i]);
}
END_TEST

/* By hand as well: GNU cpio and libarchive could agree on something else. */
START_TEST(bytes_of_a_name_and_of_a_target)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *base = NULL;
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *bytes = NULL;
    gsize len;

    newc_member(archive, "a\n" INVALID, 0120777, 0, 0, INVALID " \n");
    newc_trailer(archive);
    base = test_file("base.cpio", archive->str, archive->len);
    must(rootfs_image_load_base(image, base, TRUE, &error));
    write_image(image);
    ck_assert(g_file_get_contents(output, &bytes, &len, NULL));
    ck_assert_mem_eq(bytes + 112 + 110, "a\n" INVALID "\0\0", 6); /* behind the root directory */
    ck_assert_mem_eq(bytes + 112 + 116, INVALID " \n070701", 10);
}
END_TEST

/* A colon ends a word of --add; a blank ends one of a manifest's. */
START_TEST(in_words)
{
    g_autofree char *line = g_strdup_printf("file /%s tree/%s 644 0 0\n", INVALID, INVALID);
    g_autofree char *manifest = test_file("list", line, strlen(line));
    g_autofree char *blank = test_file("blank", "dir /a b 755 0 0\n", 17);

    g_free(run("mkdir tree"));
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *file = g_build_filename(test_dir, "tree", names[i], NULL);
        g_autofree char *spec = g_strdup_printf("%s:/%s", file, names[i]);

        ck_assert(g_file_set_contents(file, names[i], -1, NULL));
        must(i == 0 || rootfs_image_add_spec(image, spec, &error));
    }
    must(rootfs_manifest_load(image, manifest, &error));
    write_image(image);
    g_free(run("mkdir out; cd out; cpio --quiet -id <../out.cpio; cd ..; diff -r tree out"));
    ck_assert(!rootfs_manifest_load(image, blank, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SYNTAX, blank, "has 6 words", "a name with blanks");
}
END_TEST

START_TEST(the_name_that_ends_an_archive)
{
    ck_assert(!rootfs_image_add_directory(image, "/TRAILER!!!", &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_PATH, "/TRAILER!!!", "ends a cpio archive");
    must(rootfs_image_add_directory(image, "/a/TRAILER!!!", &all, &error));
    must(rootfs_image_add_directory(image, "/TRAILER!!!!", &all, &error));
}
END_TEST

START_TEST(devices_keep_their_numbers)
{
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *again = test_path("again.cpio");
    g_autoptr(RootfsImage) other = rootfs_image_new(ROOTFS_MACHINE_X86);
    g_autofree char *list = g_strdup_printf(
        "%sv <again.cpio | grep -v ^d | tr -s ' ,' ' ' | cut -d' ' -f1,5,6,10", listers[_i]);
    g_autofree char *unpack = g_strdup_printf(
        "mkdir out; cd out; %s <../again.cpio; stat -c '%%F %%t %%T' *", unpackers[_i]);
    g_autofree char *listed = NULL, *found = NULL;

    must(rootfs_image_add_device(image, "/null", 'c', 1, 3, &all, &error));
    must(rootfs_image_add_device(image, "/last", 'b', 4095, 1048575, &all, &error));
    must(rootfs_image_write(image, output, &error));
    must(rootfs_image_load_base(other, output, TRUE, &error));
    must(rootfs_image_write(other, again, &error));
    listed = run(list);
    ck_assert_str_eq(listed, "brwxr-xr-x 4095 1048575 last\ncrwxr-xr-x 1 3 null\n");
    found = run(unpack);
    ck_assert_str_eq(found, "block special file fff fffff\ncharacter special file 1 3\n");
}
END_TEST

static Suite *names_suite(void)
{
    Suite *suite = suite_create("rootfs_names");
    TCase *tc = tcase_create("names");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, in_an_overlay_and_a_base, 0, G_N_ELEMENTS(unpackers));
    tcase_add_test(tc, bytes_of_a_name_and_of_a_target);
    tcase_add_test(tc, in_words);
    tcase_add_test(tc, the_name_that_ends_an_archive);
    tcase_add_loop_test(tc, devices_keep_their_numbers, 0, G_N_ELEMENTS(unpackers));
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(names_suite());
}
