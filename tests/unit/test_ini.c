/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ini files: where things are in them, their values, and what is wrong with them. */
#include "ini.h"

#include "ini_file.h"
#include "tap.h"

static VmbIni *load(const char *text)
{
    g_autoptr(GError) error = NULL;
    VmbIni *ini;

    ini_write(text);
    ini = vmb_ini_load(ini_path, &error);
    ck_assert_msg(ini != NULL, "%s", error != NULL ? error->message : "");
    return ini;
}

/* ---- The file ---- */

START_TEST(groups_and_keys_have_lines)
{
    g_autoptr(VmbIni) ini = load("# comment\n\n[one]\nkey = 1\n  other=2\n\n[two words]\nkey = 3\n");

    ck_assert_str_eq(vmb_ini_groups(ini)[0], "one");
    ck_assert_str_eq(vmb_ini_groups(ini)[1], "two words");
    ck_assert_ptr_null(vmb_ini_groups(ini)[2]);
    ck_assert_uint_eq(vmb_ini_line(ini, "one", NULL), 3);
    ck_assert_uint_eq(vmb_ini_line(ini, "one", "key"), 4);
    ck_assert_uint_eq(vmb_ini_line(ini, "one", "other"), 5);
    ck_assert_uint_eq(vmb_ini_line(ini, "two words", "key"), 8);
    ck_assert_uint_eq(vmb_ini_line(ini, "two words", "other"), 0);
    ck_assert_uint_eq(vmb_ini_line(ini, "three", NULL), 0);
    ck_assert_str_eq(vmb_ini_path(ini), ini_path);
}
END_TEST

START_TEST(an_empty_file_has_no_groups)
{
    g_autoptr(VmbIni) empty = load("");

    ck_assert_ptr_null(vmb_ini_groups(empty)[0]);
}
END_TEST

START_TEST(line_ends_of_windows_and_a_missing_one)
{
    g_autoptr(VmbIni) ini = load("[a]\r\nkey = value\r\n[b]\r\nlast = end");
    g_autofree char *value = NULL;
    g_autofree char *last = NULL;

    ck_assert(vmb_ini_string(ini, "a", "key", &value, NULL));
    ck_assert_str_eq(value, "value");
    ck_assert(vmb_ini_string(ini, "b", "last", &last, NULL));
    ck_assert_str_eq(last, "end");
}
END_TEST

START_TEST(a_byte_order_mark_is_no_text)
{
    g_autoptr(VmbIni) ini = load("\xef\xbb\xbf[first]\na = 1\n");

    ck_assert_uint_eq(vmb_ini_line(ini, "first", NULL), 1);
    ck_assert_uint_eq(vmb_ini_line(ini, "first", "a"), 2);
}
END_TEST

START_TEST(all_mistakes_of_a_file_are_told)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *all = g_strdup_printf(
        "%s:1: a key before the first group: write its `[group]` above it\n"
        "%s:3: no `[group]`, `key = value` or `# comment`\n"
        "%s:5: `a` is on line 4 already: a key is there once", ini_path, ini_path, ini_path);

    ini_write("x = 1\n[first]\nword\na = 1\na = 2\n");
    ck_assert_ptr_null(vmb_ini_load(ini_path, &error));
    ck_assert_str_eq(error->message, all);
}
END_TEST

START_TEST(of_many_mistakes_the_number_is_told)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *end = g_strdup_printf("\n%s:11: no `[group]`, `key = value` or `# comment`\n"
                                           "%s: there are 2 mistakes more", ini_path, ini_path);

    ini_write("[first]\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n");
    ck_assert_ptr_null(vmb_ini_load(ini_path, &error));
    ck_assert_msg(g_str_has_suffix(error->message, end), "%s", error->message);
}
END_TEST

START_TEST(what_is_no_ini_file)
{
    static const struct {
        const char *text;
        guint line;
        const char *problem;
    } cases[] = {
        {"[a]\nwords\n", 2, "no `[group]`, `key = value` or `# comment`"},
        {"[a]\n= value\n", 2, "no `[group]`, `key = value` or `# comment`"},
        {"[a]\n  = value\n", 2, "no `[group]`, `key = value` or `# comment`"},
        {"[a\n", 1, "no `[group]`, `key = value` or `# comment`"},
        {"[a] = b\n", 1, "a key before the first group: write its `[group]` above it"},
        {"# x\nkey = 1\n", 2, "a key before the first group: write its `[group]` above it"},
        {"[a]\nx = 1\ny = 2\nx = 3\n", 4, "`x` is on line 2 already: a key is there once"},
        {"[a]\nx = 1\n\n[b]\n[a]\n", 5, "`a` is on line 1 already: a group is there once"},
        {"[a]\n[]\n", 2, "`[]` has no right name"},
        {"[a]\n[b[c]\n", 2, "`[b[c]` has no right name"},
        {"[a]\n\n[b]c]\n", 3, "`[b]c]` has no right name"},
        {"[a]\n[b\tc]\n", 2, "`[b\tc]` has no right name"},
        {"[a]\nx = 1\nkey[de] = 2\n", 3, "`key[de]` is no key: letters, digits and -"},
        {"[a]\nx = 1\nk\xff = 2\n", 3, "it is no UTF-8: save it as that"},
        {"[a]\nx = 1\ny = \xff\n", 3, "it is no UTF-8: save it as that"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        ini_write(cases[i].text);
        ck_assert_msg(vmb_ini_load(ini_path, &error) == NULL, "%s", cases[i].text);
        ini_expect_error(error, cases[i].line, cases[i].problem);
    }
}
END_TEST

START_TEST(a_nul_byte_is_named)
{
    g_autoptr(GError) error = NULL;

    ck_assert(g_file_set_contents(ini_path, "[a]\nx = \0\n", 10, NULL));
    ck_assert_ptr_null(vmb_ini_load(ini_path, &error));
    ini_expect_error(error, 2, "it has a NUL byte: write text");
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(vmb_ini_load(ini_path, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(error->message, ini_path));
    ck_assert_ptr_nonnull(strstr(error->message, "No such file or directory; check the path"));
    ck_assert_ptr_null(strstr(error->message, "\u201c")); /* GLib's words are not ours */
}
END_TEST

/* ---- Values ---- */

START_TEST(strings_and_lists)
{
    g_autoptr(VmbIni) ini = load("[a]\ns = \\stwo\\n\\tlines\\\\ \nl = a; b ;c\ne =\n");
    g_autofree char *text = NULL;
    g_autofree char *empty = NULL;
    char *missing = (char *)"";
    g_auto(GStrv) list = NULL;
    char **no_list = &missing;

    ck_assert(vmb_ini_string(ini, "a", "s", &text, NULL));
    ck_assert_str_eq(text, " two\n\tlines\\");
    ck_assert(vmb_ini_string(ini, "a", "e", &empty, NULL));
    ck_assert_str_eq(empty, "");
    ck_assert(vmb_ini_string(ini, "a", "none", &missing, NULL));
    ck_assert_ptr_null(missing);
    ck_assert(vmb_ini_list(ini, "a", "l", &list, NULL));
    ck_assert_uint_eq(g_strv_length(list), 3);
    ck_assert_str_eq(list[0], "a");
    ck_assert_str_eq(list[1], "b");
    ck_assert_str_eq(list[2], "c");
    ck_assert(vmb_ini_list(ini, "a", "none", &no_list, NULL));
    ck_assert_ptr_null(no_list);
}
END_TEST

START_TEST(booleans)
{
    g_autoptr(VmbIni) ini = load("[a]\ny = yes\nt = true\nn = no\nf = false\n");
    static const struct {
        const char *key;
        gboolean before, value;
    } cases[] = {
        {"y", FALSE, TRUE}, {"t", FALSE, TRUE}, {"n", TRUE, FALSE}, {"f", TRUE, FALSE},
        {"none", TRUE, TRUE}, {"none", FALSE, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gboolean value = cases[i].before;

        ck_assert(vmb_ini_boolean(ini, "a", cases[i].key, &value, NULL));
        ck_assert_int_eq(value, cases[i].value);
    }
}
END_TEST

START_TEST(numbers_and_times)
{
    g_autoptr(VmbIni) ini = load("[a]\nd = 42\nh = 0xfef00000\nz = 010\nmost = 255\n"
                                 "big = 0xffffffffffffffff\nms = 2.5\nleast = 0.001\nday = 86400\n");
    guint64 value = 7;
    guint ms = 7;

    ck_assert(vmb_ini_number(ini, "a", "none", 255, &value, NULL));
    ck_assert_uint_eq(value, 7);
    ck_assert(vmb_ini_number(ini, "a", "d", 255, &value, NULL));
    ck_assert_uint_eq(value, 42);
    ck_assert(vmb_ini_number(ini, "a", "h", G_MAXUINT64, &value, NULL));
    ck_assert_uint_eq(value, 0xfef00000);
    ck_assert(vmb_ini_number(ini, "a", "z", 255, &value, NULL));
    ck_assert_uint_eq(value, 10);
    ck_assert(vmb_ini_number(ini, "a", "most", 255, &value, NULL));
    ck_assert_uint_eq(value, 255);
    ck_assert(vmb_ini_number(ini, "a", "big", G_MAXUINT64, &value, NULL));
    ck_assert_uint_eq(value, G_MAXUINT64);
    ck_assert(vmb_ini_seconds(ini, "a", "none", &ms, NULL));
    ck_assert_uint_eq(ms, 7);
    ck_assert(vmb_ini_seconds(ini, "a", "ms", &ms, NULL));
    ck_assert_uint_eq(ms, 2500);
    ck_assert(vmb_ini_seconds(ini, "a", "least", &ms, NULL));
    ck_assert_uint_eq(ms, 1);
    ck_assert(vmb_ini_seconds(ini, "a", "day", &ms, NULL));
    ck_assert_uint_eq(ms, 86400000);
}
END_TEST

/* ---- Wrong values ---- */

typedef gboolean (*Read)(const VmbIni *ini, GError **error);

static gboolean read_string(const VmbIni *ini, GError **error)
{
    char *value = NULL;
    gboolean ok = vmb_ini_string(ini, "a", "key", &value, error);

    ck_assert_ptr_null(value);
    return ok;
}

static gboolean read_list(const VmbIni *ini, GError **error)
{
    char **value = NULL;
    gboolean ok = vmb_ini_list(ini, "a", "key", &value, error);

    ck_assert_ptr_null(value);
    return ok;
}

static gboolean read_boolean(const VmbIni *ini, GError **error)
{
    gboolean value;

    return vmb_ini_boolean(ini, "a", "key", &value, error);
}

static gboolean read_number(const VmbIni *ini, GError **error)
{
    guint64 value;

    return vmb_ini_number(ini, "a", "key", 255, &value, error);
}

static gboolean read_seconds(const VmbIni *ini, GError **error)
{
    guint ms;

    return vmb_ini_seconds(ini, "a", "key", &ms, error);
}

#define ESCAPE "the value has an escape that is none: \\n, \\r, \\t, \\s and \\\\ are escapes"
#define NUMBER(text)                                                                               \
    "`" text "` is no number from 0 to 255: write digits, or 0x and hexadecimal ones"
#define SECONDS(text) "`" text "` is no time: write seconds, from 0.001 to 86400"

START_TEST(wrong_values)
{
    static const struct {
        const char *value;
        Read read;
        const char *problem;
    } cases[] = {
        {"\\q", read_string, ESCAPE},
        {"a\\", read_string, ESCAPE},
        {"a;\\q", read_list, ESCAPE},
        {"\\q", read_boolean, ESCAPE},
        {"\\q", read_number, ESCAPE},
        {"\\q", read_seconds, ESCAPE},
        {"yse", read_boolean, "`yse` is no yes or no: did you mean `yes`?"},
        {"1", read_boolean, "`1` is no yes or no: take one of `yes`, `no`, `true`, `false`"},
        {"", read_boolean, "`` is no yes or no: take one of `yes`, `no`, `true`, `false`"},
        {"256", read_number, NUMBER("256")},
        {"-1", read_number, NUMBER("-1")},
        {"+1", read_number, NUMBER("+1")},
        {"", read_number, NUMBER("")},
        {"0x", read_number, NUMBER("0x")},
        {"0xg", read_number, NUMBER("0xg")},
        {"0x-1", read_number, NUMBER("0x-1")},
        {"0x0x1", read_number, NUMBER("0x0x1")},
        {"1 2", read_number, NUMBER("1 2")},
        {"99999999999999999999", read_number, NUMBER("99999999999999999999")},
        {"0", read_seconds, SECONDS("0")},
        {"-1", read_seconds, SECONDS("-1")},
        {"0.0009", read_seconds, SECONDS("0.0009")},
        {"86401", read_seconds, SECONDS("86401")},
        {"5 s", read_seconds, SECONDS("5 s")},
        {"nan", read_seconds, SECONDS("nan")},
        {"inf", read_seconds, SECONDS("inf")},
        {"", read_seconds, SECONDS("")},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("[a]\nfirst = 1\nkey = %s\n", cases[i].value);
        g_autoptr(VmbIni) ini = load(text);
        g_autoptr(GError) error = NULL;

        ck_assert_msg(!cases[i].read(ini, &error), "%s", cases[i].value);
        ini_expect_error(error, 3, cases[i].problem);
    }
}
END_TEST

START_TEST(wrong_keys)
{
    static const char *const keys[] = {"timeout", "isolate", NULL};
    static const char *const none[] = {NULL};
    g_autoptr(VmbIni) ini = load("[a]\ntimeout = 1\nisolat = yes\n");
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) nothing = NULL;

    ck_assert(!vmb_ini_check_keys(ini, "a", keys, &error));
    ini_expect_error(error, 3, "`isolat` is no key that this group has: did you mean `isolate`?");
    ck_assert(!vmb_ini_check_keys(ini, "a", none, &nothing));
    ini_expect_error(nothing, 2, "`timeout` is no key that this group has: there is none");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ini");
    TCase *cases = tcase_create("ini");

    tcase_add_checked_fixture(cases, ini_make_directory, ini_remove_directory);
    tcase_add_test(cases, groups_and_keys_have_lines);
    tcase_add_test(cases, an_empty_file_has_no_groups);
    tcase_add_test(cases, line_ends_of_windows_and_a_missing_one);
    tcase_add_test(cases, a_byte_order_mark_is_no_text);
    tcase_add_test(cases, all_mistakes_of_a_file_are_told);
    tcase_add_test(cases, of_many_mistakes_the_number_is_told);
    tcase_add_test(cases, what_is_no_ini_file);
    tcase_add_test(cases, a_nul_byte_is_named);
    tcase_add_test(cases, a_file_that_is_not_there);
    tcase_add_test(cases, strings_and_lists);
    tcase_add_test(cases, booleans);
    tcase_add_test(cases, numbers_and_times);
    tcase_add_test(cases, wrong_values);
    tcase_add_test(cases, wrong_keys);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
