/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for sockets, with an end, and without one but interruptible. Any thread. */
#ifndef COREIO_WAIT_H
#define COREIO_WAIT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* Microseconds of the clock that only goes forward, and a time that never comes. */
#define COREIO_NEVER INT64_MAX
long long coreio_now_usec(void);

/* The time `usec` from now; never, when negative. */
long long coreio_deadline(long long usec);

/*
 * poll() `count` descriptors until the deadline; a signal ends it too. Returns the number
 * that is ready, 0 for none, or a negative errno.
 */
int coreio_poll_until(struct pollfd *fds, unsigned count, long long deadline);

/*
 * For bindings to languages that run the handler of a signal between steps of the program, so
 * not while a call blocks: whether that call is to give up. A zeroed struct asks nobody.
 */
struct coreio_interrupt {
    /*
     * Asked in the thread that waits, at least every COREIO_INTERRUPT_USEC. It may call all
     * functions for the same context but coreio_ctx_free(), or let other threads do so, which
     * need not be through with them when it returns: one of them may be asking, or in a callback.
     * NULL: signals interrupt nothing.
     */
    bool (*ask)(void *priv);
    void *priv;
    long long due; /* when it is asked even if there is always something ready */
    unsigned cancels; /* counts what ends the calls that wait: disconnects */
};

#define COREIO_INTERRUPT_USEC 500000

/*
 * Ask. 0: go on; -EINTR: the answer was to give up; -ECANCELED: it was not, but there was a cancel
 * meanwhile. Who asks nobody goes on.
 */
int coreio_ask(struct coreio_interrupt *interrupt);

/* The same when it is due, and 0 when it is not: for who looks for something and does not sleep. */
int coreio_ask_if_due(struct coreio_interrupt *interrupt);

/*
 * As coreio_poll_until(), or the error of coreio_ask(). 0 before the deadline when that was 0:
 * what was to be waited for may be another thing by then.
 */
int coreio_wait(struct coreio_interrupt *interrupt, struct pollfd *fds, unsigned count,
                long long deadline);

#endif
