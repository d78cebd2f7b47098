/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMA as a vMMIO client does it: on a connection of its own, cut at 32-byte boundaries,
 * all requests of a transfer sent before the first reply is read. Blocking, one thread.
 */
#ifndef TESTS_DMA_CLIENT_H
#define TESTS_DMA_CLIENT_H

#include <stdint.h>

/* Bytes of one transfer at most. */
#define DMA_CLIENT_MAX 4096

/* Connect to "ADDRESS4:PORT". Returns the socket, or -1 with errno. */
int dma_client_connect(const char *endpoint);

/*
 * Read or write `len` bytes (1 to DMA_CLIENT_MAX) of guest memory at `addr`. Returns how many
 * requests were answered with the error bit, or -1: the VM has closed the connection, answered
 * with something else than a reply to the next request, or not within 30 s.
 */
int dma_client_read(int fd, uint64_t addr, void *bytes, unsigned len);
int dma_client_write(int fd, uint64_t addr, const void *bytes, unsigned len);

#endif
