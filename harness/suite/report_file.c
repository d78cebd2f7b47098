/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
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

/* A directory may let nobody make a file, or not this one, whatever its mode says. */
static gboolean try_to_make(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0) {
        return FALSE;
    }
    close(fd);
    return g_unlink(path) == 0;
}

gboolean vmb_report_file_prepare(const char *path, GError **error)
{
    if (is_stream(path)) {
        return TRUE;
    }
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        return fail(path, g_strerror(EISDIR), error);
    }
    if ((g_unlink(path) != 0 && errno != ENOENT) || !try_to_make(path)) {
        return fail(path, g_strerror(errno), error);
    }
    return TRUE;
}

/* Links on the way are followed; one at the end is replaced. */
static char *own_place(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    char *real = realpath(directory, NULL);
    char *place = g_build_filename(real != NULL ? real : directory, name, NULL);

    free(real);
    return place;
}

gboolean vmb_report_file_is_same(const char *a, const char *b)
{
    g_autofree char *first = own_place(a);
    g_autofree char *second = own_place(b);

    return !is_stream(a) && g_str_equal(first, second);
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
