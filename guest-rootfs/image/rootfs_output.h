/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that appears under its name whole, or not at all. */
#ifndef ROOTFS_OUTPUT_H
#define ROOTFS_OUTPUT_H

#include <glib.h>
#include <signal.h>

typedef struct {
    int fd;           /* to write to */
    char *path;       /* as it was given, for messages */
    char *target;     /* where it will be: links are followed */
    char *temporary;  /* its name until then; NULL: it has none */
    sigset_t signals; /* before it was opened */
} RootfsOutput;

/*
 * Begin a file that takes the place of `path`: that is a regular file or nothing, or a link to such a
 * place. Until the file is closed SIGINT, SIGTERM and SIGHUP are put off, so that they leave nothing
 * behind: whoever writes looks for them by rootfs_signals_pending(). Where the file system can, the
 * file has no name until then, and even SIGKILL leaves nothing. NULL with ROOTFS_ERROR_OUTPUT.
 */
RootfsOutput *rootfs_output_open(const char *path, GError **error);

/* TRUE when an error of a write (errno) says that no more fits: the disk is full, or the user's quota. */
gboolean rootfs_output_is_full(int code);

/* What was to be written. */
typedef struct {
    const char *path;
    int fd;          /* the file on the disk that was to become it */
    gint64 needed;   /* bytes that it would have */
    gboolean packed; /* that is the most that it could have */
} RootfsUnwritten;

/* Set *error to OUTPUT for such a `code`. Returns FALSE. */
gboolean rootfs_output_fail_full(int code, const RootfsUnwritten *file, GError **error);

/* Put what was written into its place. Errors: OUTPUT. */
gboolean rootfs_output_commit(RootfsOutput *output, GError **error);

/* Frees it, and removes what was not put into its place; signals that came have their effect. */
void rootfs_output_close(RootfsOutput *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsOutput, rootfs_output_close)

#endif
