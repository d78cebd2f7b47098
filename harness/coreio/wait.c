/* SPDX-License-Identifier: BSD-2-Clause */
#include "wait.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

#define USEC_PER_SEC 1000000LL

long long coreio_now_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

long long coreio_deadline(long long usec)
{
    long long now = coreio_now_usec();

    return usec < 0 || usec > COREIO_NEVER - now ? COREIO_NEVER : now + usec;
}

int coreio_poll_until(struct pollfd *fds, unsigned count, long long deadline)
{
    long long left = deadline == COREIO_NEVER ? 0 : deadline - coreio_now_usec();
    struct timespec timeout = { 0 };
    int ready;

    if (left > 0) {
        timeout.tv_sec = left / USEC_PER_SEC;
        timeout.tv_nsec = left % USEC_PER_SEC * 1000;
    }
    ready = ppoll(fds, count, deadline == COREIO_NEVER ? NULL : &timeout, NULL);
    if (ready < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    return ready;
}

int coreio_ask(struct coreio_interrupt *interrupt)
{
    unsigned cancels = interrupt->cancels;

    if (!interrupt->ask) {
        return 0;
    }
    interrupt->due = coreio_deadline(COREIO_INTERRUPT_USEC);
    if (interrupt->ask(interrupt->priv)) {
        return -EINTR;
    }
    return interrupt->cancels != cancels ? -ECANCELED : 0;
}

int coreio_ask_if_due(struct coreio_interrupt *interrupt)
{
    return interrupt->ask && coreio_now_usec() >= interrupt->due ? coreio_ask(interrupt) : 0;
}

int coreio_wait(struct coreio_interrupt *interrupt, struct pollfd *fds, unsigned count,
                long long deadline)
{
    long long slice;
    int ready;

    if (!interrupt->ask) {
        return coreio_poll_until(fds, count, deadline);
    }
    slice = coreio_deadline(COREIO_INTERRUPT_USEC);
    ready = coreio_poll_until(fds, count, deadline < slice ? deadline : slice);
    if (ready < 0 || (ready > 0 && coreio_now_usec() < interrupt->due)) {
        return ready;
    }
    return coreio_ask(interrupt);
}
