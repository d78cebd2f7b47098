/* SPDX-License-Identifier: BSD-2-Clause */
/* The DMA calls of a context: checks, and waiting in the blocking ones. */
#include "ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define MID_MAX 0xff
#define SID_MAX 0xf
#define FLAGS_MAX 0xf

/* Sleep until the DMA socket has something for us. True: interrupted. */
static bool wait_and_serve(struct coreio_ctx *ctx)
{
    struct coreio_dma *dma = &ctx->dma;
    struct pollfd wait = { .fd = dma->conn.fd, .events = coreio_conn_wants(&dma->conn) };
    int ready = coreio_wait(&ctx->interrupt, &wait, 1, COREIO_NEVER);

    if (ready > 0) {
        coreio_dma_serve(dma, wait.revents);
    }
    return ready == -EINTR;
}

/* Look at the DMA socket without sleeping. True: interrupted. */
static bool look_and_serve(struct coreio_ctx *ctx)
{
    if (coreio_ask_if_due(&ctx->interrupt) == -EINTR) {
        return true;
    }
    coreio_dma_serve(&ctx->dma, POLLIN);
    return false;
}

static int run_blocking(struct coreio_ctx *ctx, struct coreio_transfer *transfer)
{
    struct coreio_dma *dma = &ctx->dma;
    long long spin_until = coreio_deadline(ctx->spin_usec);

    coreio_dma_submit(dma, transfer);
    coreio_dma_serve(dma, 0);
    while (!transfer->finished) {
        bool spins = ctx->spin_usec > 0 && !dma->conn.connecting && coreio_now_usec() < spin_until;

        if (spins ? look_and_serve(ctx) : wait_and_serve(ctx)) {
            coreio_dma_forget(dma, transfer);
            transfer->err = -EINTR;
            break;
        }
        if (!spins) {
            spin_until = coreio_deadline(ctx->spin_usec);
        }
    }
    coreio_watch_update(ctx);
    return transfer->err;
}

/* Put a copy in line; it goes out with the next run, dispatch or flush. */
static int submit_copy(struct coreio_ctx *ctx, const struct coreio_transfer *transfer)
{
    struct coreio_transfer *copy;

    if (ctx->dma.unfinished >= COREIO_DMA_TRANSFERS_MAX) {
        return -EAGAIN;
    }
    copy = malloc(sizeof(*copy));
    if (!copy) {
        return -ENOMEM;
    }
    *copy = *transfer;
    coreio_dma_submit(&ctx->dma, copy);
    coreio_watch_update(ctx);
    return 0;
}

static int check(unsigned mid, unsigned sid, const struct coreio_transfer *transfer,
                 unsigned flags)
{
    if (mid > MID_MAX || sid > SID_MAX || flags > FLAGS_MAX) {
        return -EINVAL;
    }
    if (transfer->len > 0 && (!transfer->buf || transfer->len - 1 > UINT64_MAX - transfer->addr)) {
        return -EINVAL;
    }
    return 0;
}

/* Make the DMA connection unless there is one, with `wait` as for coreio_dial(). */
static int open_connection(struct coreio_ctx *ctx, struct coreio_interrupt *wait)
{
    struct coreio_address address;
    unsigned generation = ctx->mmio.generation;
    int err = ctx->disconnecting ? -ECANCELED : coreio_ctx_status(ctx);
    bool connecting;
    int fd;

    if (err || ctx->dma.conn.open) {
        return err;
    }
    address = ctx->link.addresses.list[ctx->link.address];
    fd = coreio_dial(&address, wait, &connecting);
    if (fd < 0) {
        return fd;
    }
    /* Who was asked whether to give up may have lost the connection, and have made another. */
    err = coreio_ctx_status(ctx);
    if (!err && ctx->mmio.generation != generation) {
        err = -ECANCELED;
    }
    if (err || ctx->dma.conn.open) {
        close(fd);
        return err;
    }
    coreio_conn_open(&ctx->dma.conn, fd, connecting);
    return 0;
}

static int transfer_bytes(struct coreio_ctx *ctx, struct coreio_transfer *transfer)
{
    int err = open_connection(ctx, transfer->cpl ? NULL : &ctx->interrupt);

    if (err) {
        return err;
    }
    return transfer->cpl ? submit_copy(ctx, transfer) : run_blocking(ctx, transfer);
}

int coreio_ctx_dma_read(coreio_ctx *ctx, unsigned mid, unsigned sid, uint64_t addr, size_t len,
                        void *buf, unsigned flags, void (*cpl)(void *cplp, int err), void *cplp)
{
    struct coreio_transfer transfer = {
        .mid = (uint8_t)mid, .sid = (uint8_t)sid, .flags = (uint8_t)flags,
        .addr = addr, .len = len, .buf = buf, .cpl = cpl, .cplp = cplp,
    };
    int err = check(mid, sid, &transfer, flags);

    return err ? err : transfer_bytes(ctx, &transfer);
}

int coreio_ctx_dma_write(coreio_ctx *ctx, unsigned mid, unsigned sid, uint64_t addr, size_t len,
                         const void *buf, unsigned flags, void (*cpl)(void *cplp, int err),
                         void *cplp)
{
    struct coreio_transfer transfer = {
        .write = true, .mid = (uint8_t)mid, .sid = (uint8_t)sid, .flags = (uint8_t)flags,
        .addr = addr, .len = len, .buf = (uint8_t *)buf, .cpl = cpl, .cplp = cplp,
    };
    int err = check(mid, sid, &transfer, flags);

    return err ? err : transfer_bytes(ctx, &transfer);
}
