/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMA by clients: their READ and WRITEA requests for guest memory, and the
 * parts of guest-physical memory that the user lets them reach.
 *
 * Only RAM that the guest can write is served: no ROM or flash, no device's
 * registers (so no vmmio range either), no memory of a passed-through device.
 * Nothing here calls into a device or waits, so DMA into a client's own range
 * cannot deadlock.
 */
#ifndef HW_MISC_VMMIO_DMA_H
#define HW_MISC_VMMIO_DMA_H

#include "wire.h"

/* Ranges that the property "dma-ranges" may name. */
#define VMMIO_DMA_RANGES_MAX 16

/* Guest-physical addresses that DMA may reach, both ends included. n = 0: none. */
typedef struct VmmioDmaRanges {
    unsigned n;
    struct {
        uint64_t first;
        uint64_t last;
    } range[VMMIO_DMA_RANGES_MAX];
} VmmioDmaRanges;

/*
 * Parse "START-END[:START-END]...", inclusive addresses in decimal or, with 0x,
 * hexadecimal. "none" is no DMA at all; NULL and "" are all of the address
 * space. False and an error that quotes the text when it is malformed, when an
 * END is below its START or when there are more than VMMIO_DMA_RANGES_MAX.
 */
bool vmmio_dma_ranges_parse(const char *text, VmmioDmaRanges *ranges, Error **errp);

/* To be called once at least before the VM runs; BQL held. */
void vmmio_dma_init(void);

/*
 * Carry out one DMA request and turn it into its reply in place. `block` is a
 * READ or WRITEA that a client originated, `p` the same decoded; `peer` names the
 * client in messages.
 *
 * Served are 1 to 32 bytes at any alignment that lie wholly in one of the
 * allowed ranges and wholly in RAM, with mid 0 and sid 0. Everything else
 * comes back with the error bit, the data as the client sent it and the memory
 * untouched; a mid or sid other than 0 also with a warning, one a minute for
 * the whole VM. A write takes effect before the reply can be seen, marks the
 * memory dirty and drops code translated from it. While the VM is being saved or
 * loaded, and once it is saved, all requests are refused. Of the reply to a read
 * just the `size` bytes from word 3 on differ from the request.
 *
 * Byte enables of a write: one for each byte, or none at all (not given), is a
 * whole write; any other set is refused.
 *
 * Any thread that holds the RCU read lock; the BQL is not needed and should not
 * be held. Does not wait. True when the request was carried out.
 */
bool vmmio_dma_serve(const VmmioDmaRanges *allowed, const char *peer,
                     const struct vmmio_packet *p, uint8_t block[VMMIO_BLOCK]);

#endif
