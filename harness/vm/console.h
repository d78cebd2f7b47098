/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's console: every byte goes to a log file, and each line is looked
 * at for a kernel panic, an oops, or the kernel's last words before it powers off, halts
 * or restarts, as the kernel prints them, with a time stamp before them
 * (printk.time). They raise the alarm. Main thread only.
 */
#ifndef VMBENCH_CONSOLE_H
#define VMBENCH_CONSOLE_H

#include "alarm.h"

typedef struct VmbConsole VmbConsole;

/*
 * Owns fd, a connected socket whose other end QEMU holds. The log is made empty
 * first. NULL: VMB_ERROR_SETUP, the log cannot be written (fd is closed). A log that
 * cannot be written later on raises the alarm with VMB_ERROR_SETUP, a panic
 * raises it with VMB_ERROR_PANIC, another end with VMB_ERROR_RESET, and an oops with
 * VMB_ERROR_OOPS unless a panic follows it within a second (before scaling). Free with
 * vmb_console_free().
 */
VmbConsole *vmb_console_new(int fd, const char *log_path, VmbAlarm *alarm, GError **error);
void vmb_console_free(VmbConsole *console);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbConsole, vmb_console_free)

/* Also hand all further output to tap(data, bytes, len), as it comes. */
void vmb_console_set_tap(VmbConsole *console,
                         void (*tap)(gpointer data, const guint8 *bytes, gsize len), gpointer data);

/* Send input to the console. */
void vmb_console_send(VmbConsole *console, const void *bytes, gsize len);

/* Stop taking output, or go on: the guest waits. May be called by the tap. */
void vmb_console_pause(VmbConsole *console, gboolean paused);

/* From now on the guest may power off, halt, restart and oops without raising the alarm. */
void vmb_console_allow_end(VmbConsole *console);

/* The guest has ended: take in what is there already, and judge a last line without a line end. */
void vmb_console_drain(VmbConsole *console);

/*
 * Take in what is there already, and wait until an oops among it is reported: a program that the
 * kernel killed for it ends before that. FALSE: the alarm's error.
 */
gboolean vmb_console_settle(VmbConsole *console, GError **error);

/*
 * The kernel's last words about a lockup, a stall or a task that hangs, if they came at `since` (as
 * g_get_monotonic_time() counts) or later; NULL: none. Borrowed until the event loop runs again.
 */
const char *vmb_console_stuck(const VmbConsole *console, gint64 since);

#endif
