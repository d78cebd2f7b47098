/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tested guest's console has printed, in the directory of a test that failed. */
#ifndef VMBENCH_CONSOLE_LOGS_H
#define VMBENCH_CONSOLE_LOGS_H

#include <glib.h>

/*
 * Make BUNDLE/guest-console.log of the logs of the guest, in `guest`: what it printed as it booted, also if
 * that was before it was saved as a snapshot, and since then, each below a line that says so. A
 * BUNDLE/console.log that is there and empty gets a line that says why. FALSE: a GLib error of files, and
 * what can be written is.
 */
gboolean vmb_console_logs_write(const char *bundle, const char *guest, GError **error);

#endif
