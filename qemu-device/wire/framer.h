/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Framer: cuts a byte stream into vMMIO packets. It can be stopped at every
 * byte, holds the first block of one packet and skips the further blocks.
 * Same rules as wire.h: no I/O, no allocation, one thread at a time per framer.
 */
#ifndef VMMIO_FRAMER_H
#define VMMIO_FRAMER_H

#include "wire.h"

struct vmmio_framer {
    uint8_t block[VMMIO_BLOCK]; /* first block of the packet in progress */
    uint32_t have;              /* bytes of the packet seen so far */
    uint32_t total;             /* its length in bytes; 64 until word 0 is known */
};

/* Start at a packet boundary. */
void vmmio_framer_init(struct vmmio_framer *framer);

/*
 * Feed up to `len` bytes. Takes bytes up to the end of the current packet and
 * no further, and returns how many it took. *complete becomes true when that
 * packet is whole: its first block is then in framer->block until the next
 * call. A packet longer than one block completes after its last byte.
 */
size_t vmmio_framer_push(struct vmmio_framer *framer, const void *bytes,
                         size_t len, bool *complete);

/* True between packets: the peer may close here without cutting one off. */
static inline bool vmmio_framer_at_boundary(const struct vmmio_framer *framer)
{
    return framer->have == 0 || framer->have == framer->total;
}

/*
 * True when the next bytes are a packet of one block, and all of it, as nearly all
 * are: the caller may take it from there instead of feeding it.
 */
static inline bool vmmio_framer_sees_block(const struct vmmio_framer *framer,
                                           const uint8_t *bytes, size_t len)
{
    return vmmio_framer_at_boundary(framer) && len >= VMMIO_BLOCK && bytes[1] == 0;
}

#endif
