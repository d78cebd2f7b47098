/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What programs inside and handlers outside print, in one log: a line for each of theirs, with the time at
 * which it began and whose it is, "[   1.234567] inside read stdout: 21 degrees".
 */
#ifndef VMBENCH_STREAM_LOG_H
#define VMBENCH_STREAM_LOG_H

#include "error.h"

typedef struct VmbStreamLog VmbStreamLog;
typedef struct VmbStreamTap VmbStreamTap;

/*
 * Made empty; times are seconds since `start`, of g_get_monotonic_time(). NULL: VMB_ERROR_SETUP, it cannot
 * be written. Free with vmb_stream_log_free().
 */
VmbStreamLog *vmb_stream_log_new(const char *path, gint64 start, GError **error);
void vmb_stream_log_free(VmbStreamLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbStreamLog, vmb_stream_log_free)

/* One more stream in it, by this name. Borrowed from the log. */
VmbStreamTap *vmb_stream_log_add(VmbStreamLog *log, const char *name);

/* What came over the stream `tap`, a VmbStreamTap. A line is written when it ends. */
void vmb_stream_tap_take(gpointer tap, const guint8 *bytes, gsize len);

/*
 * Write lines that have no end yet, too. FALSE: something of the log, now or before, could not be written
 * and is lost.
 */
gboolean vmb_stream_log_flush(VmbStreamLog *log);

#endif
