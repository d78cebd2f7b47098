/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for the VM, and serving it. */
#include "ctx.h"

#include <errno.h>

#define ANYTHING (POLLIN | POLLOUT)

/* Call back and answer for every packet in the input buffer that there is room to answer. */
static void serve_input(struct coreio_ctx *ctx)
{
    uint8_t *block;

    while (!ctx->stop && (block = coreio_conn_next(&ctx->mmio)) != NULL) {
        unsigned generation = ctx->mmio.generation;
        bool answer = coreio_dispatch(ctx, block);

        /* The callback may have disconnected, or have connected to another VM. */
        if (answer && ctx->mmio.open && ctx->mmio.generation == generation) {
            coreio_conn_send(&ctx->mmio, block);
        }
    }
}

static void serve_mmio(struct coreio_ctx *ctx, short ready)
{
    struct coreio_conn *conn = &ctx->mmio;

    if (ctx->link.state != COREIO_CONNECTED) {
        return;
    }
    if (ready & POLLOUT) {
        coreio_conn_flush(conn);
    }
    serve_input(ctx);
    /* An error or a hang-up makes receiving worth while: it reports which. */
    if ((ready & ~POLLOUT) && (coreio_conn_wants(conn) & POLLIN)) {
        coreio_conn_receive(conn, false);
        serve_input(ctx);
    }
}

void coreio_loop_serve(struct coreio_ctx *ctx, short mmio_ready, short dma_ready)
{
    ctx->serving++;
    coreio_link_tell(ctx);
    coreio_link_proceed(ctx, mmio_ready & ~POLLIN);
    serve_mmio(ctx, mmio_ready);
    coreio_link_check(ctx);
    coreio_dma_serve(&ctx->dma, dma_ready);
    coreio_link_tell(ctx);
    ctx->serving--;
}

bool coreio_loop_due(const struct coreio_ctx *ctx)
{
    return ctx->link.tell_connected || ctx->link.tell_lost || coreio_dma_due(&ctx->dma) ||
           (coreio_conn_has_input(&ctx->mmio) && coreio_conn_room(&ctx->mmio) > 0);
}

/* Connecting is no error: there is something to wait for. */
static int result(const struct coreio_ctx *ctx)
{
    int err = coreio_ctx_status(ctx);

    return err == -EINPROGRESS ? 0 : err;
}

int coreio_ctx_dispatch(coreio_ctx *ctx)
{
    /* For a connecting socket writable is a matter of fact, and not of trying. */
    struct pollfd mmio = { .fd = ctx->mmio.fd, .events = POLLOUT };
    struct pollfd dma = { .fd = ctx->dma.conn.fd, .events = POLLOUT };
    short mmio_ready = ANYTHING, dma_ready = ANYTHING;

    if (ctx->serving > 0) {
        return -EBUSY;
    }
    if (ctx->mmio.open && ctx->mmio.connecting) {
        mmio_ready = poll(&mmio, 1, 0) > 0 ? mmio.revents : 0;
    }
    if (ctx->dma.conn.open && ctx->dma.conn.connecting) {
        dma_ready = poll(&dma, 1, 0) > 0 ? dma.revents : 0;
    }
    ctx->stop = false;
    coreio_loop_serve(ctx, mmio_ready, dma_ready);
    coreio_watch_update(ctx);
    return result(ctx);
}

static struct pollfd poll_of(const struct coreio_conn *conn)
{
    return (struct pollfd){
        .fd = conn->open ? conn->fd : -1,
        .events = coreio_conn_wants(conn),
    };
}

/* Sleep until the deadline or until there is something to do, and do it. */
static int wait_and_serve(struct coreio_ctx *ctx, long long deadline)
{
    struct pollfd waits[] = { poll_of(&ctx->mmio), poll_of(&ctx->dma.conn) };
    unsigned count = ctx->dma.conn.open ? 2 : 1;
    int ready;

    if (coreio_loop_due(ctx) || result(ctx)) {
        deadline = 0;
    } else if (ctx->link.state == COREIO_WAITING && ctx->link.retry_at < deadline) {
        deadline = ctx->link.retry_at;
    }
    ready = coreio_poll_until(waits, count, deadline);
    if (ready < 0) {
        return ready;
    }
    coreio_loop_serve(ctx, waits[0].revents, waits[1].revents);
    return result(ctx);
}

/*
 * The usual case of a handler, one request at a time and nothing else to wait for: sleep in
 * recv() itself, so that a request costs two system calls.
 */
static bool may_sleep_in_receive(const struct coreio_ctx *ctx, long long deadline)
{
    return deadline == COREIO_NEVER && ctx->link.state == COREIO_CONNECTED &&
           coreio_conn_wants(&ctx->mmio) == POLLIN && !ctx->dma.conn.open && !coreio_loop_due(ctx);
}

/* Ask a connection without waiting; true when it brought bytes or the end. */
static bool asked(struct coreio_conn *conn)
{
    if (!(coreio_conn_wants(conn) & POLLIN)) {
        return false;
    }
    coreio_conn_receive(conn, false);
    return coreio_conn_has_input(conn) || !conn->open;
}

/* Ask the sockets again and again for the spin time. False: there was nothing. */
static bool spin(struct coreio_ctx *ctx, long long deadline)
{
    long long until = coreio_deadline(ctx->spin_usec);

    do {
        if (asked(&ctx->mmio) || asked(&ctx->dma.conn)) {
            return true;
        }
    } while (coreio_now_usec() < (until < deadline ? until : deadline));
    return false;
}

static int turn(struct coreio_ctx *ctx, long long deadline)
{
    bool spins = ctx->spin_usec > 0 && ctx->link.state == COREIO_CONNECTED;

    if (spins && !coreio_loop_due(ctx) && spin(ctx, deadline)) {
        coreio_loop_serve(ctx, 0, 0);
        return result(ctx);
    }
    if (may_sleep_in_receive(ctx, deadline)) {
        coreio_conn_receive(&ctx->mmio, true);
        coreio_loop_serve(ctx, 0, 0);
        return result(ctx);
    }
    return wait_and_serve(ctx, deadline);
}

int coreio_ctx_run(coreio_ctx *ctx, long long usec)
{
    long long deadline = coreio_deadline(usec);
    int err;

    if (ctx->serving > 0) {
        return -EBUSY;
    }
    ctx->stop = false;
    do {
        err = turn(ctx, deadline);
    } while (!err && !ctx->stop && (deadline == COREIO_NEVER || coreio_now_usec() < deadline));
    coreio_watch_update(ctx);
    return err;
}

/* Only room to send is waited for: DMA requests beyond the outstanding ones stay. */
static bool waits_for_room(const struct coreio_ctx *ctx)
{
    return ((coreio_conn_wants(&ctx->mmio) | coreio_conn_wants(&ctx->dma.conn)) & POLLOUT) != 0;
}

/*
 * Wait for room and use it. 0, or why not to go on: -EAGAIN when time is over, -EINTR, -ENOTCONN.
 */
static int flush_some(struct coreio_ctx *ctx, long long deadline)
{
    struct pollfd waits[] = { poll_of(&ctx->mmio), poll_of(&ctx->dma.conn) };
    int ready;

    waits[0].events &= POLLOUT;
    waits[1].events &= POLLOUT;
    ready = coreio_wait(&ctx->interrupt, waits, 2, deadline);
    if (ready == -ECANCELED) {
        return -ENOTCONN;
    }
    if (ready <= 0) {
        return ready == 0 && coreio_now_usec() >= deadline ? -EAGAIN : ready;
    }
    coreio_conn_flush(&ctx->mmio);
    coreio_dma_serve(&ctx->dma, waits[1].revents & POLLOUT);
    coreio_link_check(ctx);
    return 0;
}

int coreio_ctx_flush(coreio_ctx *ctx, long long usec)
{
    long long deadline = coreio_deadline(usec);
    int err = coreio_ctx_status(ctx);

    if (err) {
        return err;
    }
    coreio_conn_flush(&ctx->mmio);
    coreio_dma_send(&ctx->dma);
    coreio_link_check(ctx);
    while (!err && ctx->link.state == COREIO_CONNECTED && waits_for_room(ctx)) {
        err = flush_some(ctx, deadline);
    }
    coreio_watch_update(ctx);
    if (err && err != -EAGAIN) {
        return err;
    }
    err = coreio_ctx_status(ctx);
    return !err && waits_for_room(ctx) ? -EAGAIN : err;
}
