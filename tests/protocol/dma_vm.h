/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a VM, served by a thread on the second connection of a context, so that the test
 * itself can block in a DMA call. Bytes by hand, no codec. One at a time.
 */
#ifndef TESTS_DMA_VM_H
#define TESTS_DMA_VM_H

#include "context.h"

/* Guest-physical addresses from here on are memory; others are refused. */
#define DMA_VM_START 0x40000000u
#define DMA_VM_SIZE (1024u * 1024u)

struct dma_vm {
    uint8_t memory[DMA_VM_SIZE];
    unsigned hold;      /* requests that must be there before the first is answered */
    bool backwards;     /* answer those that were held from the last to the first */
    unsigned hang_up;   /* close instead of answering this one; 0: never */
    unsigned requests;  /* that came; to be read after dma_vm_stop() */
    bool crossed;       /* one of them crossed a 32-byte boundary, or had a wrong size */
};

extern struct dma_vm dma_vm;

/* Begin to serve the next connection to session.vm, with the fields above as they are set. */
void dma_vm_start(void);

/* Wait for the connection to be closed, by either side. */
void dma_vm_stop(void);

#endif
