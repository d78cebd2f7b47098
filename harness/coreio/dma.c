/* SPDX-License-Identifier: BSD-2-Clause */
#include "dma.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define DATA_AT (3 * 8)

static void append(struct coreio_transfers *line, struct coreio_transfer *transfer)
{
    transfer->next = NULL;
    if (line->first) {
        line->last->next = transfer;
    } else {
        line->first = transfer;
    }
    line->last = transfer;
    line->count++;
}

static struct coreio_transfer *take_first(struct coreio_transfers *line)
{
    struct coreio_transfer *transfer = line->first;

    line->first = transfer->next;
    line->count--;
    return transfer;
}

static void finish(struct coreio_dma *dma, struct coreio_transfer *transfer)
{
    if (transfer->cpl) {
        append(&dma->finished, transfer);
    }
    transfer->finished = true;
}

static void fail_all(struct coreio_dma *dma, int err)
{
    /* From the oldest tag to the newest, so that transfers finish in their order. */
    for (unsigned i = 0; i < COREIO_DMA_SLOTS; i++) {
        struct coreio_slot *slot = &dma->slots[(dma->next_tag + i) % COREIO_DMA_SLOTS];
        struct coreio_transfer *transfer = slot->transfer;

        slot->transfer = NULL;
        if (transfer) {
            transfer->err = err;
            transfer->pending--;
        }
        if (transfer && transfer->pending == 0 && transfer->asked == transfer->len) {
            finish(dma, transfer);
        }
    }
    while (dma->unasked.first) {
        struct coreio_transfer *transfer = take_first(&dma->unasked);

        transfer->err = err;
        finish(dma, transfer);
    }
}

void coreio_dma_close(struct coreio_dma *dma, int err)
{
    coreio_conn_close(&dma->conn);
    fail_all(dma, err);
}

void coreio_dma_submit(struct coreio_dma *dma, struct coreio_transfer *transfer)
{
    dma->unfinished += transfer->cpl != NULL;
    if (transfer->len > 0) {
        append(&dma->unasked, transfer);
    } else {
        finish(dma, transfer);
    }
}

void coreio_dma_forget(struct coreio_dma *dma, const struct coreio_transfer *transfer)
{
    for (unsigned i = 0; i < COREIO_DMA_SLOTS; i++) {
        if (dma->slots[i].transfer == transfer) {
            dma->slots[i].transfer = NULL;
        }
    }
    for (unsigned n = dma->unasked.count; n > 0; n--) {
        struct coreio_transfer *first = take_first(&dma->unasked);

        if (first != transfer) {
            append(&dma->unasked, first);
        }
    }
}

static bool can_ask(const struct coreio_dma *dma)
{
    return dma->unasked.first && !dma->slots[dma->next_tag % COREIO_DMA_SLOTS].transfer;
}

bool coreio_dma_due(const struct coreio_dma *dma)
{
    /* With output left the socket is full, and will tell when it is not. */
    bool may_ask = dma->conn.open && can_ask(dma) && !coreio_conn_has_output(&dma->conn);

    return dma->finished.first || may_ask ||
           (coreio_conn_has_input(&dma->conn) && coreio_conn_room(&dma->conn) > 0);
}

/* Bytes from where the transfer is to the next boundary, or to its end. */
static uint8_t next_size(const struct coreio_transfer *transfer)
{
    uint64_t at = transfer->addr + transfer->asked;
    size_t room = VMMIO_DATA_BYTES_MAX - at % VMMIO_DATA_BYTES_MAX;
    size_t left = transfer->len - transfer->asked;

    return (uint8_t)(left < room ? left : room);
}

static void write_request(uint8_t block[VMMIO_BLOCK], const struct coreio_transfer *transfer,
                          const struct coreio_slot *slot)
{
    const struct vmmio_packet packet = {
        .iface = transfer->mid,
        .from_client = true,
        .tag = slot->tag,
        .opcode = transfer->write ? VMMIO_OP_WRITEA : VMMIO_OP_READ,
        .size = slot->size,
        .sid = transfer->sid,
        .flags = transfer->flags,
        .byte_enable = transfer->write ? vmmio_byte_enable_mask(slot->size) : 0,
        .addr = transfer->addr + transfer->asked,
    };

    vmmio_encode(&packet, block);
    if (transfer->write) {
        memcpy(block + DATA_AT, slot->buf, slot->size);
    } else {
        memset(block + DATA_AT, VMMIO_FILL_BYTE, VMMIO_BLOCK - DATA_AT);
    }
}

/* The next request of the first transfer in line. */
static void ask(struct coreio_dma *dma)
{
    struct coreio_transfer *transfer = dma->unasked.first;
    struct coreio_slot *slot = &dma->slots[dma->next_tag % COREIO_DMA_SLOTS];

    *slot = (struct coreio_slot){
        .transfer = transfer,
        .tag = dma->next_tag++,
        .size = next_size(transfer),
        .buf = transfer->buf + transfer->asked,
    };
    write_request(coreio_conn_append(&dma->conn), transfer, slot);
    transfer->asked += slot->size;
    transfer->pending++;
    if (transfer->asked == transfer->len) {
        take_first(&dma->unasked);
    }
}

/* When the connection has closed by itself, nothing outstanding will be answered. */
static void check(struct coreio_dma *dma)
{
    if (!dma->conn.open && dma->conn.loss) {
        coreio_dma_close(dma, dma->conn.loss);
    }
}

void coreio_dma_send(struct coreio_dma *dma)
{
    if (!dma->conn.open) {
        return;
    }
    while (can_ask(dma) && coreio_conn_room(&dma->conn) > 0) {
        ask(dma);
    }
    coreio_conn_flush(&dma->conn);
    check(dma);
}

/* A refused transfer makes no further requests. It is first in line if it had any to make. */
static void refuse(struct coreio_dma *dma, struct coreio_transfer *transfer)
{
    transfer->err = -EFAULT;
    if (transfer->asked < transfer->len) {
        transfer->asked = transfer->len;
        take_first(&dma->unasked);
    }
}

static void take_reply(struct coreio_dma *dma, const uint8_t block[VMMIO_BLOCK],
                       const struct vmmio_packet *reply)
{
    struct coreio_slot *slot = &dma->slots[reply->tag % COREIO_DMA_SLOTS];
    struct coreio_transfer *transfer = slot->transfer;

    if (!transfer || slot->tag != reply->tag || slot->size != reply->size ||
        reply->opcode != (transfer->write ? VMMIO_OP_WRITEA : VMMIO_OP_READ)) {
        return;
    }
    if (reply->error) {
        refuse(dma, transfer);
    } else if (!transfer->write) {
        memcpy(slot->buf, block + DATA_AT, slot->size);
    }
    slot->transfer = NULL;
    transfer->pending--;
    if (transfer->pending == 0 && transfer->asked == transfer->len) {
        finish(dma, transfer);
    }
}

static void take_packets(struct coreio_dma *dma)
{
    struct vmmio_packet packet;
    uint8_t *block;

    while ((block = coreio_conn_next(&dma->conn)) != NULL) {
        vmmio_decode(block, &packet);
        if (packet.from_client) {
            take_reply(dma, block, &packet);
        } else if (packet.opcode == VMMIO_OP_PING) {
            block[1] = 0;
            coreio_conn_send(&dma->conn, block);
        }
    }
}

void coreio_dma_serve(struct coreio_dma *dma, short ready)
{
    struct coreio_conn *conn = &dma->conn;

    if (conn->open && conn->connecting && ready) {
        coreio_conn_finish(conn);
    }
    coreio_dma_send(dma);
    take_packets(dma);
    if (conn->open && !conn->connecting && (ready & ~POLLOUT) && !coreio_conn_has_input(conn)) {
        coreio_conn_receive(conn, false);
        take_packets(dma);
    }
    check(dma);
    coreio_dma_send(dma);
}

void coreio_dma_complete(struct coreio_dma *dma)
{
    for (unsigned n = dma->finished.count; n > 0 && dma->finished.first; n--) {
        struct coreio_transfer *transfer = take_first(&dma->finished);
        void (*cpl)(void *, int) = transfer->cpl;
        void *cplp = transfer->cplp;
        int err = transfer->err;

        free(transfer);
        dma->unfinished--;
        cpl(cplp, err);
    }
}
