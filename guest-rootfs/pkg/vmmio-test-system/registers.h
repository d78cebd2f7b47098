/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device that vmmio-test-system drives and tests/boot/system_handler.c models:
 * offsets in the range, all registers of 8 bytes.
 */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

enum {
    REG_FAULT = 0x000, /* to 0x0ff: every access fails */

    REG_IRQ_ROUNDS = 0x100, /* W: raise the line that often, the first time now */
    REG_IRQ_ACK = 0x108,    /* W: the number of the round; lowers the line before it is done */
    REG_IRQ_LEVEL = 0x110,  /* R: of the line */

    REG_DMA_ADDRESS = 0x200, /* W: guest-physical */
    REG_DMA_GO = 0x208,      /* W: DMA_JOB(); done when the write is */
    REG_DMA_WRONG = 0x210,   /* R: bytes that the last job found wrong, requests that failed */

    REG_TICKET = 0x300, /* R: 0, 1, 2...: each read brings the next */
    REG_WRITES = 0x308, /* R: writes to the memory so far */

    REG_MEMORY = 0x800, /* to 0xfff: keeps what is written */
    REG_END = 0x1000,
};

/* What a DMA job does with `length` bytes (1-4096) at REG_DMA_ADDRESS. */
enum {
    DMA_FILL = 1,  /* write the pattern there, and read it back */
    DMA_CHECK = 2, /* the guest has put the pattern there: read it */
};

#define DMA_JOB(what, length, seed) \
    ((uint64_t)(what) << 48 | (uint64_t)(length) << 32 | (uint32_t)(seed))
#define DMA_JOB_WHAT(job) ((unsigned)((job) >> 48))
#define DMA_JOB_LENGTH(job) ((unsigned)((job) >> 32) & 0xffff)
#define DMA_JOB_SEED(job) ((uint32_t)(job))

/* Byte i of the pattern of a seed: neighbours differ, and so do the 32 bytes of two requests. */
static inline uint8_t dma_pattern(uint32_t seed, unsigned i)
{
    return (uint8_t)(seed * 29 + i * 7 + i / 32 * 3 + 1);
}

#endif
