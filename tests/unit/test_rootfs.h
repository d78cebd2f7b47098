/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the image builder share: a directory of their own and small files in it. */
#ifndef TEST_ROOTFS_H
#define TEST_ROOTFS_H

#include "rootfs_image.h"
#include "tap.h"

#include <gio/gio.h>
#include <string.h>

static char *test_dir;

static inline void test_dir_set_up(void)
{
    test_dir = g_dir_make_tmp("vmbench-rootfs-XXXXXX", NULL);
    ck_assert_ptr_nonnull(test_dir);
    g_unsetenv("SOURCE_DATE_EPOCH");
}

/* Run a command; returns its standard output, which the caller frees. */
static inline char *test_command(const char *const *argv, const char *directory)
{
    g_autoptr(GError) error = NULL;
    char *output = NULL;
    int status;

    g_spawn_sync(directory, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL,
                 &status, &error);
    ck_assert_msg(error == NULL, "%s", error != NULL ? error->message : "");
    ck_assert_msg(g_spawn_check_wait_status(status, &error), "%s: %s", argv[0],
                  error != NULL ? error->message : "");
    return output;
}

static inline void test_dir_tear_down(void)
{
    g_free(test_command((const char *const[]){"rm", "-rf", "--", test_dir, NULL}, NULL));
    g_free(test_dir);
}

/* The path of `name` in the test's directory; the caller frees it. */
static inline char *test_path(const char *name)
{
    return g_build_filename(test_dir, name, NULL);
}

/* Write a file into the test's directory; returns its path, which the caller frees. */
static inline char *test_file(const char *name, const void *bytes, gsize len)
{
    char *path = test_path(name);

    ck_assert(g_file_set_contents(path, bytes, (gssize)len, NULL));
    return path;
}

/* The error has this code and its message all the parts. Clears it. */
static inline void test_expect_error(GError **error, int code, const char *const *parts)
{
    ck_assert_ptr_nonnull(*error);
    ck_assert_msg(g_error_matches(*error, ROOTFS_ERROR, code), "%s", (*error)->message);
    for (; *parts != NULL; parts++) {
        ck_assert_msg(strstr((*error)->message, *parts) != NULL, "no '%s' in: %s", *parts,
                      (*error)->message);
    }
    ck_assert_ptr_null(strchr((*error)->message, '\n'));
    g_clear_error(error);
}

#define EXPECT_ERROR(error, code, ...) \
    test_expect_error(error, code, (const char *const[]){__VA_ARGS__, NULL})

#endif
