/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_signals.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

/* What the caller ignores, as nohup does, ends nothing; and Linux keeps it pending while it is held. */
static gboolean is_ignored(int signal_number)
{
    struct sigaction action;

    return sigaction(signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

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
        if (sigismember(&pending, ending[i]) && !is_ignored(ending[i])) {
            return TRUE;
        }
    }
    return FALSE;
}
