/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loaded before the C library: counts the calls of ppoll(2) that do not wait, and those that may. */
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

int looks, sleeps;

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

    *(void **)&real = dlsym(RTLD_NEXT, "ppoll");
    if (timeout && timeout->tv_sec == 0 && timeout->tv_nsec == 0) {
        looks++;
    } else {
        sleeps++;
    }
    return real(fds, count, timeout, mask);
}
