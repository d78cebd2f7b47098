/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The descriptor for a foreign event loop: an epoll instance with the sockets and a timer of
 * a context in it, made when it is first asked for. A zeroed struct is not made yet.
 */
#ifndef COREIO_WATCH_H
#define COREIO_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct coreio_ctx;

struct coreio_watch {
    bool made;
    int epoll, timer; /* valid while made */
    long long armed;  /* when the timer goes off, as coreio_now_usec(); 0: not at all */
    struct coreio_watched {
        unsigned generation; /* of the connection whose socket is watched */
        uint32_t events;
    } mmio, dma;
};

/* Make it if need be. Returns the descriptor, or -errno of epoll_create1(2), timerfd_create(2). */
int coreio_watch_make(struct coreio_watch *watch);

/* Close it. */
void coreio_watch_close(struct coreio_watch *watch);

/* Bring it up to date with what the context waits for: the end of every call that may change it. */
void coreio_watch_update(struct coreio_ctx *ctx);

#endif
