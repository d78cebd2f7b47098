/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ctrl-C and its like, put off until there is nothing to clean up. */
#ifndef ROOTFS_SIGNALS_H
#define ROOTFS_SIGNALS_H

#include <glib.h>
#include <signal.h>

/*
 * Put off SIGINT, SIGTERM and SIGHUP for the calling thread until rootfs_signals_restore(), which puts
 * them into effect. `before` is for that call. Calls may be nested.
 */
void rootfs_signals_hold(sigset_t *before);
void rootfs_signals_restore(const sigset_t *before);

/* TRUE when one of them that is not ignored waits to have its effect: end soon. Takes none away. */
gboolean rootfs_signals_pending(void);

#endif
