/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of a context: connecting, losing the connection, making it again. */
#include "ctx.h"

#include <errno.h>
#include <unistd.h>

#define USEC_PER_MS 1000LL
#define HOUR_MS 3600000u

/* The k-th delay: first x 2^(k-1), most at most. */
static long long delay_usec(const struct coreio_link *link)
{
    unsigned delay = link->first_ms;

    for (unsigned k = 1; k < link->attempts && delay < link->most_ms; k++) {
        delay = delay > link->most_ms / 2 ? link->most_ms : delay * 2;
    }
    return delay * USEC_PER_MS;
}

/* No attempt is to follow. The program is told if what has failed is what it began. */
static void give_up(struct coreio_link *link)
{
    link->state = COREIO_LOST;
    if (link->begun) {
        link->begun = false;
        link->tell_lost = link->loss;
    }
}

/* The connection has ended, or an attempt: try again later, or give up. */
static void fall_back(struct coreio_link *link, int err)
{
    link->loss = err;
    if (link->first_ms == 0) {
        give_up(link);
        return;
    }
    link->attempts++;
    link->retry_at = coreio_now_usec() + delay_usec(link);
    link->state = COREIO_WAITING;
}

void coreio_link_check(struct coreio_ctx *ctx)
{
    struct coreio_link *link = &ctx->link;
    int err = coreio_conn_status(&ctx->mmio);

    if (link->state != COREIO_CONNECTED || !err) {
        return;
    }
    coreio_dma_close(&ctx->dma, err);
    if (coreio_now_usec() - link->since >= link->most_ms * USEC_PER_MS) {
        link->attempts = 0;
    }
    link->tell_lost = err;
    fall_back(link, err);
}

static void enter_connected(struct coreio_ctx *ctx)
{
    ctx->link.state = COREIO_CONNECTED;
    ctx->link.begun = false;
    ctx->link.since = coreio_now_usec();
    coreio_ctx_announce(ctx);
    coreio_conn_flush(&ctx->mmio);
}

static void become_connected(struct coreio_ctx *ctx)
{
    ctx->link.tell_connected = true;
    enter_connected(ctx);
    coreio_link_check(ctx);
}

/* Try the addresses from link->address on until one is not refused at once. */
static void try_addresses(struct coreio_ctx *ctx, int err)
{
    struct coreio_link *link = &ctx->link;
    bool connecting = false;
    int fd = err;

    for (; link->address < link->addresses.count; link->address++) {
        fd = coreio_dial(&link->addresses.list[link->address], NULL, &connecting);
        if (fd >= 0) {
            break;
        }
    }
    if (fd < 0 || link->address == link->addresses.count) {
        fall_back(link, fd);
        return;
    }
    coreio_conn_open(&ctx->mmio, fd, connecting);
    link->state = COREIO_CONNECTING;
    if (!connecting) {
        become_connected(ctx);
    }
}

static void attempt(struct coreio_ctx *ctx)
{
    ctx->link.address = 0;
    try_addresses(ctx, -ENOENT);
}

static void finish_attempt(struct coreio_ctx *ctx)
{
    int err = coreio_conn_finish(&ctx->mmio);

    if (err) {
        ctx->link.address++;
        try_addresses(ctx, err);
    } else {
        become_connected(ctx);
    }
}

void coreio_link_proceed(struct coreio_ctx *ctx, bool writable)
{
    struct coreio_link *link = &ctx->link;

    if (link->state == COREIO_WAITING && coreio_now_usec() >= link->retry_at) {
        attempt(ctx);
    } else if (link->state == COREIO_CONNECTING && writable) {
        finish_attempt(ctx);
    }
}

static void call_events(struct coreio_ctx *ctx)
{
    struct coreio_link *link = &ctx->link;
    int lost = link->tell_lost;

    if (link->tell_connected) {
        link->tell_connected = false;
        if (ctx->events.connected) {
            ctx->events.connected(ctx->events_priv);
        }
    } else if (lost) {
        link->tell_lost = 0;
        if (ctx->events.disconnected) {
            ctx->events.disconnected(ctx->events_priv, lost);
        }
    }
}

void coreio_link_tell(struct coreio_ctx *ctx)
{
    coreio_dma_complete(&ctx->dma);
    while (ctx->link.tell_connected || ctx->link.tell_lost) {
        call_events(ctx);
        coreio_dma_complete(&ctx->dma);
    }
}

static bool may_connect(const struct coreio_link *link)
{
    return link->state == COREIO_UNCONNECTED || link->state == COREIO_LOST;
}

/*
 * A new beginning. The program that makes it knows that the connection before has ended: told of
 * that now, it would take it for the end of the new one.
 */
static void forget_events(struct coreio_link *link)
{
    link->tell_connected = false;
    link->tell_lost = 0;
    link->begun = false;
    link->attempts = 0;
}

/* Find the addresses of a target for a context that may connect. */
static int find(struct coreio_ctx *ctx, const char *target, struct coreio_addresses *addresses)
{
    struct coreio_target parsed;
    int err;

    if (ctx->disconnecting) {
        return -ECANCELED;
    }
    if (!may_connect(&ctx->link)) {
        return -EISCONN;
    }
    err = coreio_target_parse(target, &parsed);
    return err ? err : coreio_resolve(&parsed, addresses);
}

/* Connected to the address of that index; `fd` is taken over. */
static int take_connection(struct coreio_ctx *ctx, const struct coreio_addresses *addresses,
                           unsigned index, int fd)
{
    /* Who was asked whether to give up may have connected. */
    if (!may_connect(&ctx->link)) {
        close(fd);
        return -EISCONN;
    }
    forget_events(&ctx->link);
    ctx->link.addresses = *addresses;
    ctx->link.address = index;
    coreio_conn_open(&ctx->mmio, fd, false);
    enter_connected(ctx);
    coreio_link_check(ctx);
    coreio_watch_update(ctx);
    return 0;
}

int coreio_ctx_connect(coreio_ctx *ctx, const char *target)
{
    struct coreio_addresses found;
    bool connecting;
    int err = find(ctx, target, &found);

    if (err) {
        return err;
    }
    for (unsigned i = 0; i < found.count && err != -EINTR && err != -ECANCELED; i++) {
        int fd = coreio_dial(&found.list[i], &ctx->interrupt, &connecting);

        if (fd >= 0) {
            return take_connection(ctx, &found, i, fd);
        }
        err = fd;
    }
    return err;
}

int coreio_ctx_connect_start(coreio_ctx *ctx, const char *target)
{
    struct coreio_addresses found;
    int err = find(ctx, target, &found);

    if (err) {
        return err;
    }
    forget_events(&ctx->link);
    ctx->link.addresses = found;
    ctx->link.begun = true;
    attempt(ctx);
    coreio_watch_update(ctx);
    return 0;
}

void coreio_ctx_disconnect(coreio_ctx *ctx)
{
    ctx->interrupt.cancels++;
    coreio_conn_close(&ctx->mmio);
    ctx->link.state = COREIO_UNCONNECTED;
    forget_events(&ctx->link);
    coreio_dma_close(&ctx->dma, -ECANCELED);
    ctx->serving++;
    ctx->disconnecting++;
    coreio_dma_complete(&ctx->dma);
    ctx->disconnecting--;
    ctx->serving--;
    coreio_watch_update(ctx);
}

int coreio_ctx_status(const coreio_ctx *ctx)
{
    switch (ctx->link.state) {
    case COREIO_CONNECTED:
        return 0;
    case COREIO_CONNECTING:
    case COREIO_WAITING:
        return -EINPROGRESS;
    case COREIO_LOST:
        return ctx->link.loss;
    default:
        return -ENOTCONN;
    }
}

int coreio_ctx_set_reconnect(coreio_ctx *ctx, unsigned first_ms, unsigned most_ms)
{
    if (first_ms > most_ms || most_ms > HOUR_MS) {
        return -EINVAL;
    }
    ctx->link.first_ms = first_ms;
    ctx->link.most_ms = most_ms;
    if (first_ms == 0 && ctx->link.state == COREIO_WAITING) {
        give_up(&ctx->link);
    }
    coreio_watch_update(ctx);
    return 0;
}
