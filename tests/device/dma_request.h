/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMA requests of a client, for tests: bytes by hand, of which size and
 * address are exchanged. mid and sid are 0; word 7 holds 01 to 08.
 */
#ifndef TESTS_DMA_REQUEST_H
#define TESTS_DMA_REQUEST_H

#include "device.h"

/* RAM of DEVICE_VIRT: from here, 32 MiB. */
#define DMA_RAM UINT64_C(0x40000000)
#define DMA_RAM_END UINT64_C(0x42000000)

/* A READ, whose data bytes are 0xaa, or a WRITEA of the bytes 0x01 to 0x20, all enabled. */
void dma_make_read(uint8_t packet[PEER_PACKET], unsigned size, uint64_t addr);
void dma_make_write(uint8_t packet[PEER_PACKET], unsigned size, uint64_t addr);

/* Send a request; its reply must be the request itself, or that with the error bit. */
void dma_expect_unchanged(struct peer *peer, const uint8_t request[PEER_PACKET]);
void dma_expect_error(struct peer *peer, const uint8_t request[PEER_PACKET]);

/* Reading and writing that many bytes there must fail. */
void dma_expect_refused(struct peer *peer, unsigned size, uint64_t addr);

/* A READ must bring these bytes and leave the rest of the packet as it was sent. */
void dma_expect_data(struct peer *peer, unsigned size, uint64_t addr, const uint8_t *bytes);

/* A WRITEA must be done. */
void dma_expect_written(struct peer *peer, unsigned size, uint64_t addr);

/* Memory as the machine sees it: store or fetch `len` bytes, at most 128. */
void dma_poke(struct qtest *vm, uint64_t addr, const uint8_t *bytes, unsigned len);
void dma_peek(struct qtest *vm, uint64_t addr, uint8_t *bytes, unsigned len);

#endif
