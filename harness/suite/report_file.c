/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean fail(const char *path, const char *why, GError **error)
{
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                "cannot write the report %s: %s: name another file", path, why);
    return FALSE;
}

/* /dev/stdout, say, which must not be replaced. */
static gboolean is_stream(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

gboolean vmb_report_file_prepare(const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);

    if (is_stream(path)) {
        return TRUE;
    }
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        return fail(path, g_strerror(EISDIR), error);
    }
    if ((g_unlink(path) != 0 && errno != ENOENT) || access(directory, W_OK | X_OK) != 0) {
        return fail(path, g_strerror(errno), error);
    }
    return TRUE;
}

static gboolean write_stream(const char *path, const char *text, GError **error)
{
    FILE *file = fopen(path, "we");
    gboolean written = file != NULL && fputs(text, file) >= 0;
    int first = errno;

    if (file != NULL && fclose(file) != 0 && written) {
        written = FALSE;
        first = errno;
    }
    return written || fail(path, g_strerror(first), error);
}

gboolean vmb_report_file_write(const char *path, const char *text, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (is_stream(path)) {
        return write_stream(path, text, error);
    }
    return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0666, &cause) ||
           fail(path, cause->message, error);
}
