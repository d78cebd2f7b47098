/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scenario.ini in a directory of its own, for one test. */
#ifndef TESTS_INI_FILE_H
#define TESTS_INI_FILE_H

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "error.h"

static char *ini_directory;
static char *ini_path;

static inline void ini_make_directory(void)
{
    ini_directory = g_dir_make_tmp("vmbench-ini-XXXXXX", NULL);
    ini_path = g_build_filename(ini_directory, "scenario.ini", NULL);
}

static inline void ini_remove_directory(void)
{
    g_remove(ini_path);
    ck_assert_int_eq(g_rmdir(ini_directory), 0);
    g_free(ini_path);
    g_free(ini_directory);
}

static inline void ini_write(const char *text)
{
    ck_assert(g_file_set_contents(ini_path, text, -1, NULL));
}

/* The error is bad set-up, at this line of the file, and its text is `problem`. */
static inline void ini_expect_error(const GError *error, guint line, const char *problem)
{
    g_autofree char *whole = g_strdup_printf("%s:%u: %s", ini_path, line, problem);

    ck_assert_ptr_nonnull(error);
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_str_eq(error->message, whole);
}

#endif
