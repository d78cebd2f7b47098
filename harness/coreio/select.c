/* SPDX-License-Identifier: BSD-2-Clause */
/* The descriptor sets of coreio.h. */
#include "ctx.h"

#include <errno.h>

/* Put what a connection waits for into the sets. */
static int prepare(const struct coreio_conn *conn, int nfds, fd_set *readfds, fd_set *writefds)
{
    short wants = coreio_conn_wants(conn);

    if (!wants) {
        return nfds;
    }
    if (conn->fd >= FD_SETSIZE) {
        return -EMFILE;
    }
    if (wants & POLLIN) {
        FD_SET(conn->fd, readfds);
    }
    if (wants & POLLOUT) {
        FD_SET(conn->fd, writefds);
    }
    return conn->fd >= nfds ? conn->fd + 1 : nfds;
}

/* select() is to return at once: the context's own descriptor is readable then. */
static int prepare_due(struct coreio_ctx *ctx, int nfds, fd_set *readfds)
{
    int fd = coreio_ctx_fd(ctx);

    if (fd < 0) {
        return fd;
    }
    if (fd >= FD_SETSIZE) {
        return -EMFILE;
    }
    FD_SET(fd, readfds);
    return fd >= nfds ? fd + 1 : nfds;
}

int coreio_ctx_preparefds(struct coreio_ctx *ctx, int nfds, fd_set *readfds, fd_set *writefds)
{
    int most = prepare(&ctx->mmio, nfds, readfds, writefds);

    if (most >= 0) {
        most = prepare(&ctx->dma.conn, most, readfds, writefds);
    }
    if (most >= 0 && coreio_loop_due(ctx)) {
        most = prepare_due(ctx, most, readfds);
    }
    return most;
}

/* poll() events of a connection that the sets tell of. */
static short ready(const struct coreio_conn *conn, const fd_set *readfds, const fd_set *writefds)
{
    if (!conn->open || conn->fd >= FD_SETSIZE) {
        return 0;
    }
    return (short)((readfds && FD_ISSET(conn->fd, readfds) ? POLLIN : 0) |
                   (writefds && FD_ISSET(conn->fd, writefds) ? POLLOUT : 0));
}

int coreio_ctx_processfds(struct coreio_ctx *ctx, const fd_set *readfds, const fd_set *writefds)
{
    if (ctx->serving > 0) {
        return -EBUSY;
    }
    if (ctx->mmio.open && ctx->mmio.fd >= FD_SETSIZE) {
        return -EMFILE;
    }
    ctx->stop = false;
    coreio_loop_serve(ctx, ready(&ctx->mmio, readfds, writefds),
                      ready(&ctx->dma.conn, readfds, writefds));
    coreio_watch_update(ctx);
    return coreio_ctx_status(ctx);
}
