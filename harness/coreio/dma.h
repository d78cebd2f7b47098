/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DMA: transfers cut into requests of up to 32 bytes, and a connection of their own for
 * them.
 *
 * Transfers wait in line to be asked for. Each request takes the slot that its tag names,
 * 1024 of them, until its reply comes; replies may come in any order, and one that fits no
 * slot is dropped. A finished transfer waits until its completion can be called. A zeroed
 * struct has a closed connection and nothing to do. One thread at a time.
 */
#ifndef COREIO_DMA_H
#define COREIO_DMA_H

#include "conn.h"

/* Requests without a reply. */
#define COREIO_DMA_SLOTS 1024

struct coreio_transfer {
    struct coreio_transfer *next; /* in the line of the unasked or of the finished */
    bool write;
    uint8_t mid, sid, flags;
    uint64_t addr;
    size_t len;
    uint8_t *buf;     /* only read from when `write` */
    size_t asked;     /* bytes of it that requests were made for */
    unsigned pending; /* requests without a reply */
    int err;          /* what is known of the result */
    bool finished;
    void (*cpl)(void *cplp, int err); /* NULL: a call waits, and owns the struct */
    void *cplp;
};

struct coreio_transfers {
    struct coreio_transfer *first, *last;
    unsigned count;
};

struct coreio_dma {
    struct coreio_conn conn;
    struct coreio_transfers unasked;  /* at least a byte of each is not asked for */
    struct coreio_transfers finished; /* those with a completion to call */
    unsigned unfinished;              /* of those with a completion */
    uint32_t next_tag;
    struct coreio_slot {
        struct coreio_transfer *transfer; /* NULL: free */
        uint32_t tag;
        uint8_t size;
        uint8_t *buf;
    } slots[COREIO_DMA_SLOTS];
};

/* Close the connection; all transfers that are not finished finish with `err`. */
void coreio_dma_close(struct coreio_dma *dma, int err);

/*
 * Put a transfer in line; fields from `write` to `buf`, `cpl` and `cplp` are set, the others
 * 0. With a completion, it comes from malloc() and is dma's from now on; without, it stays
 * the caller's and is not touched any more once `finished`.
 */
void coreio_dma_submit(struct coreio_dma *dma, struct coreio_transfer *transfer);

/*
 * Forget a transfer without a completion, which is not finished: it makes no further requests,
 * and replies to those that it has made are dropped.
 */
void coreio_dma_forget(struct coreio_dma *dma, const struct coreio_transfer *transfer);

/* There are requests to make or completions to call, whatever the socket says. */
bool coreio_dma_due(const struct coreio_dma *dma);

/* Make requests and send what fits the socket, without receiving. */
void coreio_dma_send(struct coreio_dma *dma);

/* Send, receive and take replies; `ready`: poll() events of the socket. Calls nobody back. */
void coreio_dma_serve(struct coreio_dma *dma, short ready);

/* Call the completions of the transfers that were finished when this call began. */
void coreio_dma_complete(struct coreio_dma *dma);

#endif
