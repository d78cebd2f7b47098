/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log that is written as its bytes come, and raises the alarm when that fails. Main thread only. */
#ifndef VMBENCH_LOG_FILE_H
#define VMBENCH_LOG_FILE_H

#include "alarm.h"

typedef struct VmbLogFile VmbLogFile;

/*
 * Made empty. `alarm` must outlive it. NULL: VMB_ERROR_SETUP, it cannot be opened. Free with
 * vmb_log_file_free().
 */
VmbLogFile *vmb_log_file_new(const char *path, VmbAlarm *alarm, GError **error);
void vmb_log_file_free(VmbLogFile *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbLogFile, vmb_log_file_free)

/* All `len` bytes; when that fails the alarm is raised with VMB_ERROR_SETUP. */
void vmb_log_file_append(VmbLogFile *log, const guint8 *bytes, gsize len);

/* Borrowed. */
const char *vmb_log_file_path(const VmbLogFile *log);

#endif
