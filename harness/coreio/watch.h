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
};

/* A socket and the instance that it is in. A zeroed struct is in none. */
struct coreio_watched {
    bool there;
    int epoll;
    uint32_t events;
};

/* Make it if need be. Returns the descriptor, or -errno of epoll_create1(2), timerfd_create(2). */
int coreio_watch_make(struct coreio_watch *watch);

/* Close it. The sockets are closed already. */
void coreio_watch_close(struct coreio_watch *watch);

/* Bring it up to date with what the context waits for: the end of every call that may change it. */
void coreio_watch_update(struct coreio_ctx *ctx);

/*
 * Take socket `fd` out of the instance that it is in, if any: before it is closed, because it
 * stays there as long as another process has it too, one that was forked meanwhile.
 */
void coreio_watch_remove(struct coreio_watched *watched, int fd);

#endif
