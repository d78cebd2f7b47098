/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Manifests and HOST:GUEST words. */
#include "test_rootfs_fixture.h"

#include "rootfs_manifest.h"

static gboolean load(const char *text)
{
    g_autofree char *path = test_file("list", text, strlen(text));

    return rootfs_manifest_load(image, path, &error);
}

/* What cpio lists, with single blanks and without time. */
static char *listing(void)
{
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *text = NULL;
    g_autoptr(GRegex) blanks = g_regex_new(" +", 0, 0, NULL);
    g_autoptr(GRegex) times = g_regex_new(" Jan 1 1970", 0, 0, NULL);
    g_autofree char *single = NULL;

    ck_assert(rootfs_image_write(image, output, &error));
    text = test_command((const char *const[]){"env", "TZ=UTC", "LC_ALL=C", "cpio", "--quiet",
                                              "-itvn", "-F", output, NULL}, NULL);
    single = g_regex_replace_literal(blanks, text, -1, 0, " ", 0, NULL);
    return g_regex_replace_literal(times, single, -1, 0, "", 0, NULL);
}

START_TEST(all_kinds_of_lines)
{
    g_autofree char *text = NULL;

    g_free(test_file("hello", "hi", 2));
    ck_assert_msg(load("# a comment\n"
                       "\n"
                       "  \t \n"
                       "dir /tmp 1777 0 0\n"
                       "dir / 750 0 7\n"
                       "file /etc/hello hello 640 1 2\n"
                       "slink /link etc/hello 777 0 0\r\n"
                       "\tnod  /dev/console\t600 0 0 c 5 1\n"
                       "nod /dev/vda 660 0 6 b 254 0"), "%s", error ? error->message : "");
    text = listing();
    ck_assert_str_eq(text,
                     "drwxr-x--- 2 0 7 0 .\n"
                     "drwxr-xr-x 2 0 0 0 dev\n"
                     "crw------- 1 0 0 5, 1 dev/console\n"
                     "brw-rw---- 1 0 6 254, 0 dev/vda\n"
                     "drwxr-xr-x 2 0 0 0 etc\n"
                     "-rw-r----- 1 1 2 2 etc/hello\n"
                     "lrwxrwxrwx 1 0 0 9 link -> etc/hello\n"
                     "drwxrwxrwt 2 0 0 0 tmp\n");
}
END_TEST

static const struct {
    const char *line;
    int code;
    const char *says;
} mistakes[] = {
    {"pipe /a 644 0 0", ROOTFS_ERROR_SYNTAX, "'pipe'"},
    {"dir", ROOTFS_ERROR_SYNTAX, "dir GUEST MODE UID GID"},
    {"dir /a 755 0", ROOTFS_ERROR_SYNTAX, "has 4 words"},
    {"dir /a 755 0 0 0", ROOTFS_ERROR_SYNTAX, "has 6 words"},
    {"file /a b 755 0", ROOTFS_ERROR_SYNTAX, "file GUEST HOST"},
    {"slink /a 755 0 0", ROOTFS_ERROR_SYNTAX, "slink GUEST TARGET"},
    {"nod /a 600 0 0 c 5", ROOTFS_ERROR_SYNTAX, "nod GUEST"},
    {"dir /a 789 0 0", ROOTFS_ERROR_SYNTAX, "'789' is no octal"},
    {"dir /a 755 root 0", ROOTFS_ERROR_SYNTAX, "'root' is no decimal"},
    {"dir /a 755 0 -1", ROOTFS_ERROR_SYNTAX, "'-1' is no decimal"},
    {"dir /a 755 0 4294967296", ROOTFS_ERROR_SYNTAX, "'4294967296' is no decimal"},
    {"nod /a 600 0 0 cc 5 1", ROOTFS_ERROR_SYNTAX, "'cc'"},
    {"nod /a 600 0 0 x 5 1", ROOTFS_ERROR_VALUE, "'x'"},
    {"dir a 755 0 0", ROOTFS_ERROR_PATH, "'a'"},
    {"dir /a 17777 0 0", ROOTFS_ERROR_VALUE, "17777"},
    {"dir /taken 755 0 0", ROOTFS_ERROR_DUPLICATE, "/taken"},
    {"file /a no-such-file 755 0 0", ROOTFS_ERROR_SOURCE, "no-such-file"},
};

START_TEST(mistakes_name_the_line)
{
    g_autofree char *text = g_strdup_printf("dir /taken 755 0 0\n# two\n%s\ndir /z 755 0 0\n",
                                            mistakes[_i].line);

    ck_assert(!load(text));
    EXPECT_ERROR(&error, mistakes[_i].code, "/list:3: ", mistakes[_i].says);
}
END_TEST

START_TEST(manifest_that_cannot_be_read)
{
    g_autofree char *missing = test_path("missing");
    g_autofree char *binary = test_file("binary", "dir\0", 4);

    ck_assert(!rootfs_manifest_load(image, missing, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, "manifest", missing);
    ck_assert(!rootfs_manifest_load(image, binary, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SYNTAX, binary, "NUL");
}
END_TEST

static gboolean add(const char *host, const char *rest)
{
    g_autofree char *spec = g_strconcat(host, rest, NULL);

    return rootfs_image_add_spec(image, spec, &error);
}

START_TEST(words_of_the_command_line)
{
    g_autofree char *data = test_file("data", "x", 1);
    g_autofree char *program = test_file("program", "x", 1);
    g_autofree char *text = NULL;

    ck_assert_int_eq(g_chmod(data, 0600), 0);
    ck_assert_int_eq(g_chmod(program, 0700), 0);
    ck_assert(add(data, ":/1"));
    ck_assert(add(program, ":/2"));
    ck_assert(add(data, ":/3:4711"));
    ck_assert(add(data, ":/4:600:7:8"));
    text = listing();
    ck_assert_str_eq(text, "drwxr-xr-x 2 0 0 0 .\n-rw-r--r-- 1 0 0 1 1\n"
                     "-rwxr-xr-x 1 0 0 1 2\n-rws--x--x 1 0 0 1 3\n"
                     "-rw------- 1 7 8 1 4\n");
}
END_TEST

static const char *const bad_rests[] = {"", ":/a:755:0", ":/a:755:0:0:0"};
static const char *const bad_numbers[] = {":/a:rwx", ":/a:755:x:0", ":/a:755:0:x", ":/a:"};

START_TEST(malformed_words)
{
    g_autofree char *data = test_file("data", "x", 1);

    for (gsize i = 0; i < G_N_ELEMENTS(bad_rests); i++) {
        ck_assert(!add(data, bad_rests[i]));
        EXPECT_ERROR(&error, ROOTFS_ERROR_SYNTAX, data, "HOST:GUEST[:MODE[:UID:GID]]; write the file's path");
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad_numbers); i++) {
        ck_assert(!add(data, bad_numbers[i]));
        EXPECT_ERROR(&error, ROOTFS_ERROR_SYNTAX, data, "is no");
    }
    ck_assert(!add("", ":/a"));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SYNTAX, "HOST:GUEST");
    ck_assert(!add(data, ":a"));
    EXPECT_ERROR(&error, ROOTFS_ERROR_PATH, "'a'");
}
END_TEST

static Suite *manifest_suite(void)
{
    Suite *suite = suite_create("rootfs_manifest");
    TCase *tc = tcase_create("manifest");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, all_kinds_of_lines);
    tcase_add_loop_test(tc, mistakes_name_the_line, 0, G_N_ELEMENTS(mistakes));
    tcase_add_test(tc, manifest_that_cannot_be_read);
    tcase_add_test(tc, words_of_the_command_line);
    tcase_add_test(tc, malformed_words);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(manifest_suite());
}
