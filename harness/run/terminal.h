/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's terminal: what it takes, and raw mode, and back however the program ends. Main thread only.
 */
#ifndef VMBENCH_TERMINAL_H
#define VMBENCH_TERMINAL_H

#include <glib.h>

/* What is written to fd can be taken back: it is a terminal, and TERM is neither unset nor dumb. */
gboolean vmb_terminal_is_live(int fd);

/* The same, and nobody has set NO_COLOR, which is about colour alone, to anything but an empty text. */
gboolean vmb_terminal_has_colour(int fd);

/*
 * Put the terminal on standard input into raw mode: each key goes to the guest, Ctrl-C too.
 * FALSE, and nothing is done, when standard input is no terminal. The former mode comes
 * back with vmb_terminal_restore(), at exit() and when the program crashes.
 */
gboolean vmb_terminal_make_raw(void);

/* Does nothing when the terminal is not in raw mode. */
void vmb_terminal_restore(void);

#endif
