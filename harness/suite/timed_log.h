/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log of lines, each with the time at which it began: "[   1.234567] line". */
#ifndef VMBENCH_TIMED_LOG_H
#define VMBENCH_TIMED_LOG_H

#include "error.h"

typedef struct VmbTimedLog VmbTimedLog;

/*
 * Made empty; times are seconds since `start`, of g_get_monotonic_time(). NULL: VMB_ERROR_SETUP, it cannot
 * be written.
 */
VmbTimedLog *vmb_timed_log_new(const char *path, gint64 start, GError **error);
void vmb_timed_log_free(VmbTimedLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbTimedLog, vmb_timed_log_free)

/* Append; `log` is a VmbTimedLog, so that this can be a console's tap. What cannot be written is lost. */
void vmb_timed_log_take(gpointer log, const guint8 *bytes, gsize len);

/* FALSE: something of it could not be written and is lost. */
gboolean vmb_timed_log_is_whole(const VmbTimedLog *log);

#endif
