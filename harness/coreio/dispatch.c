/* SPDX-License-Identifier: BSD-2-Clause */
#include "dispatch.h"

#include "ctx.h"

#include <errno.h>
#include <string.h>

#define FIRST_WORD 3

struct access_kind {
    bool valid, pair, write, posted;
};

static const struct access_kind kinds[] = {
    [VMMIO_OP_READ] = { .valid = true },
    [VMMIO_OP_WRITE] = { .valid = true, .write = true, .posted = true },
    [VMMIO_OP_READP] = { .valid = true, .pair = true },
    [VMMIO_OP_WRITEP] = { .valid = true, .pair = true, .write = true, .posted = true },
    [VMMIO_OP_WRITEA] = { .valid = true, .write = true },
    [VMMIO_OP_WRITEAP] = { .valid = true, .pair = true, .write = true },
};

static struct access_kind kind_of(uint8_t opcode)
{
    const struct access_kind none = { .valid = false };

    return opcode < sizeof(kinds) / sizeof(kinds[0]) ? kinds[opcode] : none;
}

/* The words of an element as a callback gets them: 32 bytes, aligned. */
typedef uint64_t element_t[VMMIO_DATA_BYTES_MAX / 8];

static bool size_possible(struct access_kind kind, unsigned size)
{
    if (size == 0 || size > VMMIO_DATA_BYTES_MAX) {
        return false;
    }
    return !kind.pair || vmmio_pair_second_word(size) * 8 + size <= VMMIO_BLOCK;
}

/* A request under way. */
struct access {
    const struct coreio_ctx *ctx;
    struct access_kind kind;
    const struct vmmio_packet *request;
    struct coreio_range range; /* a copy: callbacks change the table */
    unsigned generation;       /* of the connection that brought the request */
};

static int call_one(const struct access *access, uint64_t addr, void *buf)
{
    const struct coreio_range *range = &access->range;
    int (*func)(void *, uint64_t, size_t, void *, unsigned) =
        access->kind.write ? range->func.write : range->func.read;

    return func ? func(range->priv, addr, access->request->size, buf, access->request->flags) : 0;
}

/* A callback may have ended its registration, and freed what `priv` points to, or the connection. */
static bool still_served(const struct access *access)
{
    const struct coreio_conn *conn = &access->ctx->mmio;
    const struct coreio_range *range = &access->ctx->ranges[access->request->iface];

    return conn->open && conn->generation == access->generation && range->claimed &&
           range->registration == access->range.registration;
}

static int call_pair(const struct access *access, void *buf1, void *buf2)
{
    const struct coreio_range *range = &access->range;
    const struct vmmio_packet *request = access->request;
    int (*func)(void *, uint64_t, size_t, void *, void *, unsigned) =
        access->kind.write ? range->func.writep : range->func.readp;
    int err;

    if (func) {
        return func(range->priv, request->addr, request->size, buf1, buf2, request->flags);
    }
    err = call_one(access, request->addr, buf1);
    if (!err && !still_served(access)) {
        err = -ECANCELED;
    }
    return err ? err : call_one(access, request->addr + request->size, buf2);
}

/* Run the access on copies of its data; a read that succeeds stores `size` bytes of each. */
static int perform(const struct access *access, uint8_t block[VMMIO_BLOCK])
{
    unsigned size = access->request->size, second_word = vmmio_pair_second_word(size);
    element_t first, second;
    int err;

    vmmio_block_load_data(block, FIRST_WORD, first, sizeof(first));
    if (access->kind.pair) {
        vmmio_block_load_data(block, second_word, second, sizeof(second));
        err = call_pair(access, first, second);
    } else {
        err = call_one(access, access->request->addr, first);
    }
    if (err || access->kind.write) {
        return err;
    }
    memcpy(block + FIRST_WORD * 8, first, size);
    if (access->kind.pair) {
        memcpy(block + second_word * 8, second, size);
    }
    return 0;
}

/* Bits stay as they came, error bit included, but only this one block goes back. */
static bool echo(uint8_t block[VMMIO_BLOCK])
{
    block[1] = 0;
    return true;
}

static bool serve_access(const struct coreio_ctx *ctx, const struct vmmio_packet *request,
                         uint8_t block[VMMIO_BLOCK])
{
    struct access access = {
        .ctx = ctx,
        .kind = kind_of(request->opcode),
        .request = request,
        .generation = ctx->mmio.generation,
    };
    bool failed = true;

    if (!access.kind.valid) {
        return false;
    }
    if (request->iface >= COREIO_RANGES_MAX || !ctx->ranges[request->iface].claimed) {
        return echo(block);
    }
    if (size_possible(access.kind, request->size)) {
        access.range = ctx->ranges[request->iface];
        failed = perform(&access, block) != 0;
    }
    vmmio_block_make_reply(block, failed);
    return !access.kind.posted;
}

bool coreio_dispatch(struct coreio_ctx *ctx, uint8_t block[VMMIO_BLOCK])
{
    struct vmmio_packet request;

    vmmio_decode(block, &request);
    if (request.from_client) {
        return false;
    }
    if (request.opcode == VMMIO_OP_PING) {
        return echo(block);
    }
    if (request.opcode == VMMIO_OP_RESET && request.iface < COREIO_RANGES_MAX &&
        ctx->events.reset) {
        ctx->events.reset(ctx->events_priv, request.iface);
    }
    return serve_access(ctx, &request, block);
}
