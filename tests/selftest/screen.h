/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal of a Child, as its user sees it. One at a time; failures are Check failures. */
#ifndef TESTS_SCREEN_H
#define TESTS_SCREEN_H

#include "vmbench_child.h"

/* Begin with an empty screen. The child is borrowed, and may be started later. */
void screen_open(Child *child);
void screen_close(void);

/* All that came since screen_open() or screen_clear(). Borrowed until the next call. */
const char *screen_text(void);
void screen_clear(void);

/* Wait until the text is there. */
void screen_await(const char *text);

void screen_type(const char *keys);

/* Read on until the child's end: its exit status as of child_wait(). */
int screen_wait_end(void);

#endif
