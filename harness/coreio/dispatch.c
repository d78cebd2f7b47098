/* SPDX-License-Identifier: BSD-2-Clause */
#include "dispatch.h"

#include "ctx.h"

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

static int call_one(const struct coreio_range *range, bool write,
                    const struct vmmio_packet *request, uint64_t addr, void *buf)
{
    int (*func)(void *, uint64_t, size_t, void *, unsigned) =
        write ? range->func.write : range->func.read;

    return func ? func(range->priv, addr, request->size, buf, request->flags) : 0;
}

static int call_pair(const struct coreio_range *range, bool write,
                     const struct vmmio_packet *request, void *buf1, void *buf2)
{
    int (*func)(void *, uint64_t, size_t, void *, void *, unsigned) =
        write ? range->func.writep : range->func.readp;
    int err;

    if (func) {
        return func(range->priv, request->addr, request->size, buf1, buf2, request->flags);
    }
    err = call_one(range, write, request, request->addr, buf1);
    return err ? err : call_one(range, write, request, request->addr + request->size, buf2);
}

/* Run the access on copies of its data; a read that succeeds stores `size` bytes of each. */
static int perform(const struct coreio_range *range, struct access_kind kind,
                   const struct vmmio_packet *request, uint8_t block[VMMIO_BLOCK])
{
    unsigned second_word = vmmio_pair_second_word(request->size);
    element_t first, second;
    int err;

    vmmio_block_load_data(block, FIRST_WORD, first, sizeof(first));
    if (kind.pair) {
        vmmio_block_load_data(block, second_word, second, sizeof(second));
        err = call_pair(range, kind.write, request, first, second);
    } else {
        err = call_one(range, kind.write, request, request->addr, first);
    }
    if (err || kind.write) {
        return err;
    }
    memcpy(block + FIRST_WORD * 8, first, request->size);
    if (kind.pair) {
        memcpy(block + second_word * 8, second, request->size);
    }
    return 0;
}

/* Bits stay as they came, error bit included, but only this one block goes back. */
static bool echo(uint8_t block[VMMIO_BLOCK])
{
    block[1] = 0;
    return true;
}

static bool serve_access(const struct coreio_range *ranges, struct access_kind kind,
                         const struct vmmio_packet *request, uint8_t block[VMMIO_BLOCK])
{
    struct coreio_range range;
    bool failed = true;

    if (request->iface >= COREIO_RANGES_MAX || !ranges[request->iface].claimed) {
        return echo(block);
    }
    if (size_possible(kind, request->size)) {
        /* A copy: the callback may disconnect, which clears the table. */
        range = ranges[request->iface];
        failed = perform(&range, kind, request, block) != 0;
    }
    vmmio_block_make_reply(block, failed);
    return !kind.posted;
}

bool coreio_dispatch(struct coreio_ctx *ctx, uint8_t block[VMMIO_BLOCK])
{
    struct vmmio_packet request;
    struct access_kind kind;

    vmmio_decode(block, &request);
    if (request.from_client) {
        return false;
    }
    if (request.opcode == VMMIO_OP_PING) {
        return echo(block);
    }
    if (request.opcode == VMMIO_OP_RESET && ctx->events.reset) {
        ctx->events.reset(ctx->events_priv, request.iface);
    }
    kind = kind_of(request.opcode);
    return kind.valid && serve_access(ctx->ranges, kind, &request, block);
}
