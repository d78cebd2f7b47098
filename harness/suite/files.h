/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories of logs. */
#ifndef VMBENCH_FILES_H
#define VMBENCH_FILES_H

#include <glib.h>

/* Remove a directory and all in it, as far as that can be. Links are removed, not followed. */
void vmb_remove_tree(const char *path);

/* Copy a file. FALSE: an error of GIO's, G_IO_ERROR_NOT_FOUND when there is none. */
gboolean vmb_copy_file(const char *from, const char *to, GError **error);

/*
 * The last `lines` lines of a text, at least 1, and what was left out before them: "(19960 lines before
 * these)". A long line is cut in front. Free with g_free().
 */
char *vmb_text_tail(const char *text, guint lines);

#endif
