/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_signals.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

void rootfs_signals_hold(sigset_t *before)
{
    sigset_t held;

    sigemptyset(&held);
    for (gsize i = 0; i < G_N_ELEMENTS(ending); i++) {
        sigaddset(&held, ending[i]);
    }
    pthread_sigmask(SIG_BLOCK, &held, before);
}

void rootfs_signals_restore(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

gboolean rootfs_signals_pending(void)
{
    sigset_t pending;

    sigpending(&pending);
    for (gsize i = 0; i < G_N_ELEMENTS(ending); i++) {
        if (sigismember(&pending, ending[i])) {
            return TRUE;
        }
    }
    return FALSE;
}
