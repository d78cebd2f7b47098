/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program tells a context: that it exists, its ranges, levels and settings. */
#include "ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

coreio_ctx *coreio_ctx_new(void)
{
    return calloc(1, sizeof(struct coreio_ctx));
}

int coreio_ctx_free(coreio_ctx *ctx)
{
    if (!ctx) {
        return 0;
    }
    if (ctx->serving > 0) {
        return -EBUSY;
    }
    ctx->serving++; /* nothing is to be watched any more */
    /* The instance may be in use by a process that goes on after fork(): it keeps its sockets. */
    ctx->mmio.watched.there = false;
    ctx->dma.conn.watched.there = false;
    coreio_ctx_disconnect(ctx);
    coreio_watch_close(&ctx->watch);
    free(ctx);
    return 0;
}

void coreio_ctx_set_events(coreio_ctx *ctx, const coreio_events_t *events, void *priv)
{
    ctx->events = events ? *events : (coreio_events_t){ .reset = NULL };
    ctx->events_priv = priv;
}

void coreio_ctx_set_spin(coreio_ctx *ctx, unsigned usec)
{
    ctx->spin_usec = usec;
}

void coreio_ctx_set_interrupt(struct coreio_ctx *ctx, bool (*ask)(void *priv), void *priv)
{
    ctx->interrupt = (struct coreio_interrupt){ .ask = ask, .priv = priv };
}

void coreio_ctx_stop(coreio_ctx *ctx)
{
    ctx->stop = true;
}

int coreio_ctx_fd(coreio_ctx *ctx)
{
    int fd = coreio_watch_make(&ctx->watch);

    coreio_watch_update(ctx);
    return fd;
}

void coreio_ctx_forget(struct coreio_ctx *ctx)
{
    memset(ctx->ranges, 0, sizeof(ctx->ranges));
    memset(ctx->levels, COREIO_LEVEL_UNKNOWN, sizeof(ctx->levels));
}

static struct vmmio_packet claim_of(unsigned rid)
{
    return (struct vmmio_packet){
        .iface = (uint8_t)rid, .from_client = true, .opcode = VMMIO_OP_RGN_CLAIM,
    };
}

static struct vmmio_packet update_of(unsigned rid, unsigned iid, enum coreio_level level)
{
    return (struct vmmio_packet){
        .iface = (uint8_t)rid, .from_client = true, .opcode = VMMIO_OP_IRQ_UPDATE,
        .addr = iid, .data = { level == COREIO_LEVEL_HIGH },
    };
}

static void queue(struct coreio_ctx *ctx, struct vmmio_packet packet)
{
    vmmio_encode(&packet, coreio_conn_append(&ctx->mmio));
}

static void announce_range(struct coreio_ctx *ctx, unsigned rid)
{
    if (ctx->ranges[rid].claimed) {
        queue(ctx, claim_of(rid));
    }
    for (unsigned iid = 0; iid < COREIO_IRQS_MAX; iid++) {
        if (ctx->levels[rid][iid] != COREIO_LEVEL_UNKNOWN) {
            queue(ctx, update_of(rid, iid, ctx->levels[rid][iid]));
        }
    }
}

/* 8 claims and 64 levels fit the queue of a new connection many times. */
void coreio_ctx_announce(struct coreio_ctx *ctx)
{
    for (unsigned rid = 0; rid < COREIO_RANGES_MAX; rid++) {
        announce_range(ctx, rid);
    }
}

/*
 * Send a packet that is not a reply, or leave it to the connection to come. One place in the
 * queue stays for the reply under way.
 */
static int originate(struct coreio_ctx *ctx, struct vmmio_packet packet)
{
    uint8_t block[VMMIO_BLOCK];

    if (ctx->link.state != COREIO_CONNECTED) {
        return 0;
    }
    if (coreio_conn_room(&ctx->mmio) < 2) {
        return -EAGAIN;
    }
    vmmio_encode(&packet, block);
    coreio_conn_send(&ctx->mmio, block);
    coreio_link_check(ctx);
    return 0;
}

int coreio_ctx_register(coreio_ctx *ctx, unsigned rid, const coreio_func_t *func, void *priv)
{
    int err;

    if (rid >= COREIO_RANGES_MAX || !func) {
        return -EINVAL;
    }
    if (ctx->ranges[rid].claimed) {
        return -EBUSY;
    }
    err = originate(ctx, claim_of(rid));
    if (!err) {
        ctx->ranges[rid] = (struct coreio_range){
            .claimed = true,
            .registration = ++ctx->registrations,
            .func = *func,
            .priv = priv,
        };
    }
    coreio_watch_update(ctx);
    return err;
}

int coreio_ctx_unregister(coreio_ctx *ctx, unsigned rid)
{
    if (rid >= COREIO_RANGES_MAX) {
        return -EINVAL;
    }
    if (!ctx->ranges[rid].claimed) {
        return -ENOENT;
    }
    ctx->ranges[rid].claimed = false;
    memset(ctx->levels[rid], COREIO_LEVEL_UNKNOWN, sizeof(ctx->levels[rid]));
    return 0;
}

int coreio_ctx_irq_update(coreio_ctx *ctx, unsigned rid, unsigned iid, unsigned state)
{
    enum coreio_level level = state ? COREIO_LEVEL_HIGH : COREIO_LEVEL_LOW;
    int err;

    if (rid >= COREIO_RANGES_MAX || iid >= COREIO_IRQS_MAX) {
        return -EINVAL;
    }
    if (ctx->levels[rid][iid] == level) {
        return 0;
    }
    err = originate(ctx, update_of(rid, iid, level));
    if (!err) {
        ctx->levels[rid][iid] = (uint8_t)level;
    }
    coreio_watch_update(ctx);
    return err;
}
