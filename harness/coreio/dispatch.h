/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client does with one packet from the VM: call back, answer, or drop it. No I/O. */
#ifndef COREIO_DISPATCH_H
#define COREIO_DISPATCH_H

#include "coreio.h"
#include "wire.h"

struct coreio_ctx;

/* One range of the endpoint. A zeroed struct is not claimed. */
struct coreio_range {
    bool claimed;
    unsigned registration; /* counts them: tells a new one from the one before */
    coreio_func_t func;
    void *priv;
};

/*
 * Serve the packet whose first block is `block` with the callbacks of the
 * context's ranges and events. Returns true when the block, changed in place, is
 * to be sent back; false when the packet has no answer:
 *
 *   PING                        back as it came, n = 0
 *   access, range not claimed   back as it came, n = 0; posted writes too
 *   access of an impossible size (0, more than 32 bytes, or a pair beyond the
 *                               block): no callback; answered with the error bit
 *   other accesses              a callback; answered unless the write is posted
 *   RESET, rid 0-7              the event `reset`
 *   RESET of other ranges, unknown opcodes, and answers to packets of ours: dropped
 *
 * Callbacks may change the ranges.
 */
bool coreio_dispatch(struct coreio_ctx *ctx, uint8_t block[VMMIO_BLOCK]);

#endif
