/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a log file, which may be long. */
#ifndef VMBENCH_LOG_TAIL_H
#define VMBENCH_LOG_TAIL_H

#include <glib.h>

/*
 * The last `lines` lines of a file. NULL: it cannot be read, or has nothing but white space. Free with
 * g_free().
 */
char *vmb_file_tail(const char *path, guint lines);

/* The same of what is in it behind its first `from` bytes. */
char *vmb_file_tail_from(const char *path, goffset from, guint lines);

/*
 * The last line that is not blank (of one over 4 KiB its end), without its newline, as UTF-8. NULL: there is
 * none. Free with g_free().
 */
char *vmb_last_line(const char *path);

#endif
