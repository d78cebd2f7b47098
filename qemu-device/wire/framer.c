/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "framer.h"

#include <string.h>

void vmmio_framer_init(struct vmmio_framer *framer)
{
    framer->have = 0;
    framer->total = VMMIO_BLOCK;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Bytes of the first block that are still missing, or that one push can bring. */
static size_t take_first_block(struct vmmio_framer *framer, const uint8_t *in, size_t len)
{
    size_t n = smaller(len, VMMIO_BLOCK - framer->have);

    memcpy(framer->block + framer->have, in, n);
    framer->have += (uint32_t)n;
    if (framer->have == VMMIO_BLOCK) {
        /* n is bits 15:8 of word 0: the second byte of the packet. */
        framer->total = VMMIO_BLOCK * (framer->block[1] + 1u);
    }
    return n;
}

size_t vmmio_framer_push(struct vmmio_framer *framer, const void *bytes,
                         size_t len, bool *complete)
{
    const uint8_t *in = bytes;
    size_t used = 0;

    if (framer->have == framer->total) {
        vmmio_framer_init(framer);
    }
    if (framer->have < VMMIO_BLOCK) {
        used = take_first_block(framer, in, len);
    }
    if (framer->have >= VMMIO_BLOCK) {
        size_t skip = smaller(len - used, framer->total - framer->have);

        framer->have += (uint32_t)skip;
        used += skip;
    }
    *complete = framer->have == framer->total;
    return used;
}
