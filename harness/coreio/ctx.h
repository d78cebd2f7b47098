/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of a context, and what its parts do for each other:
 *
 *     ctx.c     making a context, registrations, levels: what the program tells it
 *     link.c    its state: connecting, losing and making the connection again
 *     loop.c    waiting for the VM and serving it
 *     dma.c     transfers on the second connection
 *     wait.c    waiting, for all of them
 *     watch.c   the one descriptor for a foreign event loop
 *     select.c  the descriptor sets of coreio.h
 *
 * A zeroed struct is a new context. One thread at a time.
 */
#ifndef COREIO_CTX_H
#define COREIO_CTX_H

#include "conn.h"
#include "coreio-ctx.h"
#include "dial.h"
#include "dispatch.h"
#include "dma.h"
#include "wait.h"
#include "watch.h"

enum coreio_state {
    COREIO_UNCONNECTED,
    COREIO_CONNECTING, /* mmio is connecting */
    COREIO_WAITING,    /* for the time of the next attempt */
    COREIO_CONNECTED,  /* mmio is open */
    COREIO_LOST,
};

enum coreio_level {
    COREIO_LEVEL_UNKNOWN, /* never set */
    COREIO_LEVEL_LOW,
    COREIO_LEVEL_HIGH,
};

/* The connection of a context as a whole: link.c. Times are of coreio_now_usec(). */
struct coreio_link {
    enum coreio_state state;
    int loss;                           /* why it was lost, in state LOST */
    struct coreio_addresses addresses;  /* of the target */
    unsigned address;                   /* the one in use or being tried */
    unsigned first_ms, most_ms;         /* automatic reconnect; 0: off */
    unsigned attempts;                  /* k of the law */
    long long since, retry_at;          /* of states CONNECTED and WAITING */
    bool begun;                         /* by connect_start(); not told yet how it went */
    bool tell_connected;                /* events that are due */
    int tell_lost;
};

struct coreio_ctx {
    struct coreio_conn mmio;
    struct coreio_link link;
    struct coreio_dma dma;
    struct coreio_watch watch;
    struct coreio_interrupt interrupt; /* of the calls that block, but coreio_ctx_run() */
    struct coreio_range ranges[COREIO_RANGES_MAX];
    unsigned registrations; /* made so far */
    uint8_t levels[COREIO_RANGES_MAX][COREIO_IRQS_MAX]; /* enum coreio_level */
    coreio_events_t events;
    void *events_priv;
    unsigned spin_usec;
    unsigned serving;       /* calls under way in which callbacks may be */
    unsigned disconnecting; /* those of them that are disconnects */
    bool stop;              /* the run is to end */
};

/* ctx.c */

/*
 * Have the calls that block ask whether to give up, which they then do with -EINTR: connect leaves
 * the state as it was, a DMA transfer is forgotten, parts of it done, and flush leaves the rest.
 * Who is asked may also disconnect, which ends them: connect and DMA with -ECANCELED, flush with
 * -ENOTCONN.
 * coreio_ctx_run() does not ask. NULL: no asking.
 */
void coreio_ctx_set_interrupt(struct coreio_ctx *ctx, bool (*ask)(void *priv), void *priv);

/* Forget all registrations and levels. */
void coreio_ctx_forget(struct coreio_ctx *ctx);

/* Queue the claims of all ranges and all levels, on a connection that is new. */
void coreio_ctx_announce(struct coreio_ctx *ctx);

/* link.c */

/* After any use of mmio: when it has closed by itself, the link is lost. */
void coreio_link_check(struct coreio_ctx *ctx);

/* Begin the attempt whose time has come, and finish one when `writable`, mmio's socket. */
void coreio_link_proceed(struct coreio_ctx *ctx, bool writable);

/* Call the completions and events that are due, until there are none. */
void coreio_link_tell(struct coreio_ctx *ctx);

/* loop.c */

/* There is something to do now, whatever the sockets say. */
bool coreio_loop_due(const struct coreio_ctx *ctx);

/* Serve what is ready: poll() events of the two sockets. Not from a callback. */
void coreio_loop_serve(struct coreio_ctx *ctx, short mmio_ready, short dma_ready);

/* select.c: as the calls of coreio.h. */
int coreio_ctx_preparefds(struct coreio_ctx *ctx, int nfds, fd_set *readfds, fd_set *writefds);
int coreio_ctx_processfds(struct coreio_ctx *ctx, const fd_set *readfds, const fd_set *writefds);

#endif
