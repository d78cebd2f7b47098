/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that a child of ours has left behind, whatever group or session they went to. The kernel gives
 * them to the nearest process above that has asked for them, by vmb_adopted_accept(), and that
 * one can end them. Whose they are is in their environment: each child that process.h starts has a
 * mark there, which begins with its parent's. Main thread only.
 */
#ifndef VMBENCH_ADOPTED_H
#define VMBENCH_ADOPTED_H

#include <glib.h>

/* The environment variable of marks. */
#define VMB_ADOPTED_MARK "VMBENCH_PROCESS"

/* From now on, what is left behind below us becomes our child. */
void vmb_adopted_accept(void);

/* A mark for one more child of ours. Free with g_free(). */
char *vmb_adopted_mark(void);

/*
 * Kill and reap our children with this mark, or one that begins with it, and what they leave behind in
 * their turn; NULL: each child of ours that there is. Whom `mark` was made for has been reaped before.
 */
void vmb_adopted_end(const char *mark);

#endif
