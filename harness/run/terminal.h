/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user's terminal in raw mode, and back however the program ends. Main thread only. */
#ifndef VMBENCH_TERMINAL_H
#define VMBENCH_TERMINAL_H

#include <glib.h>

/*
 * Put the terminal on standard input into raw mode: each key goes to the guest, Ctrl-C too.
 * FALSE, and nothing is done, when standard input is no terminal. The former mode comes
 * back with vmb_terminal_restore(), at exit() and when the program crashes.
 */
gboolean vmb_terminal_make_raw(void);

/* Does nothing when the terminal is not in raw mode. */
void vmb_terminal_restore(void);

#endif
