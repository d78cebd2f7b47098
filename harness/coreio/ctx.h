/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One client: a connection, the ranges it claims, the interrupt levels it has
 * sent. All state of the library is in this struct; coreio.c keeps the one
 * instance that the calls of coreio.h use. A zeroed struct is a client that is
 * not connected. One thread at a time; results are those of the coreio.h call
 * of the same name.
 */
#ifndef COREIO_CTX_H
#define COREIO_CTX_H

#include "conn.h"
#include "dispatch.h"

enum coreio_level {
    COREIO_LEVEL_UNKNOWN, /* nothing sent on this connection */
    COREIO_LEVEL_LOW,
    COREIO_LEVEL_HIGH,
};

struct coreio_ctx {
    struct coreio_conn conn;
    struct coreio_range ranges[COREIO_RANGES_MAX];
    uint8_t irq_sent[COREIO_RANGES_MAX][COREIO_IRQS_MAX]; /* enum coreio_level */
    bool serving; /* a callback may be on the stack */
};

/* ctx.c: the calls that the program makes. */
int coreio_ctx_connect(struct coreio_ctx *ctx, const char *target);
void coreio_ctx_disconnect(struct coreio_ctx *ctx);
int coreio_ctx_register(struct coreio_ctx *ctx, unsigned rid, const coreio_func_t *func,
                        void *priv);
int coreio_ctx_irq_update(struct coreio_ctx *ctx, unsigned rid, unsigned iid, unsigned state);

/* loop.c: the calls that wait for the VM and serve it. */
int coreio_ctx_preparefds(const struct coreio_ctx *ctx, int nfds, fd_set *readfds,
                          fd_set *writefds);
int coreio_ctx_processfds(struct coreio_ctx *ctx, const fd_set *readfds, const fd_set *writefds);
int coreio_ctx_mainloop(struct coreio_ctx *ctx, long long usec);

#endif
