/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of a guest's console. */
#include "console_logs.h"

#include <glib/gstdio.h>

#include "snapshot.h"
#include "tap.h"

static char *directory; /* the bundle, and the guest's logs in guest/ */
static char *guest;

static void make_directories(void)
{
    directory = g_dir_make_tmp("vmbench-console-XXXXXX", NULL);
    guest = g_build_filename(directory, "guest", NULL);
    ck_assert_int_eq(g_mkdir(guest, 0755), 0);
}

static void remove_directories(void)
{
    static const char *const files[] = {"guest/" VMB_SNAPSHOT_BOOT_LOG, "guest/console.log", "guest",
                                        "console.log", "guest-console.log", ""};

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(directory, files[i], NULL);

        g_remove(path);
    }
    ck_assert(!g_file_test(directory, G_FILE_TEST_EXISTS));
    g_free(directory);
    g_free(guest);
}

static void write_log(const char *name, const char *bytes, gsize len)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);

    ck_assert(g_file_set_contents(path, bytes, (gssize)len, NULL));
}

static void assert_log(const char *name, const char *bytes, gsize len)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *text = NULL;
    gsize got;

    ck_assert(g_file_get_contents(path, &text, &got, NULL));
    ck_assert_uint_eq(got, len);
    ck_assert_mem_eq(text, bytes, len);
}

/* With the size of a literal that has NUL bytes. */
#define BYTES(literal) literal, sizeof(literal) - 1

START_TEST(a_nul_byte_is_kept)
{
    write_log("guest/" VMB_SNAPSHOT_BOOT_LOG, BYTES("\0boot\0ed\n"));
    write_log("guest/console.log", BYTES("one\0two\n\0"));
    write_log("console.log", BYTES("\0three\n"));
    ck_assert(vmb_console_logs_write(directory, guest, NULL));
    assert_log("guest-console.log",
               BYTES("---- the boot, behind which the guest was saved ----\n\0boot\0ed\n"
                     "---- since it was restored, for this test and those before it ----\n"
                     "one\0two\n\0\n"));
    assert_log("console.log", BYTES("\0three\n"));
}
END_TEST

START_TEST(what_is_not_there_or_empty_is_said)
{
    static const char says[] = "# nothing during this test: ";
    g_autofree char *path = g_build_filename(directory, "console.log", NULL);
    g_autofree char *text = NULL;

    write_log("console.log", "", 0);
    ck_assert(vmb_console_logs_write(directory, guest, NULL));
    assert_log("guest-console.log", BYTES("---- since the guest was started ----\n"));
    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    ck_assert_msg(g_str_has_prefix(text, says), "%s", text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("console_logs");
    TCase *cases = tcase_create("console_logs");

    tcase_add_checked_fixture(cases, make_directories, remove_directories);
    tcase_add_test(cases, a_nul_byte_is_kept);
    tcase_add_test(cases, what_is_not_there_or_empty_is_said);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
