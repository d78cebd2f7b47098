/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dma_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "wire.h"

#define REPLY_SECONDS 30

int dma_client_connect(const char *endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct timeval limit = {.tv_sec = REPLY_SECONDS};
    const char *colon = strrchr(endpoint, ':');
    const int on = 1;
    char host[INET_ADDRSTRLEN];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(host, sizeof(host), "%.*s", colon != NULL ? (int)(colon - endpoint) : 0, endpoint);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    address.sin_port = htons((uint16_t)atoi(colon + 1));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Bytes from `addr` to the next 32-byte boundary, at most `len`. */
static unsigned request_size(uint64_t addr, unsigned len)
{
    unsigned room = VMMIO_DATA_BYTES_MAX - (unsigned)(addr % VMMIO_DATA_BYTES_MAX);

    return len < room ? len : room;
}

/* The tag is the place of the request's bytes in the transfer. `bytes` is NULL for a read. */
static bool send_request(int fd, uint64_t addr, unsigned at, unsigned size, const uint8_t *bytes)
{
    uint8_t unread[VMMIO_DATA_BYTES_MAX];
    uint8_t block[VMMIO_BLOCK];
    struct vmmio_packet request = {
        .from_client = true,
        .tag = at,
        .opcode = bytes != NULL ? VMMIO_OP_WRITEA : VMMIO_OP_READ,
        .size = (uint8_t)size,
        .byte_enable = bytes != NULL ? vmmio_byte_enable_mask(size) : 0,
        .addr = addr + at,
    };

    memset(unread, VMMIO_FILL_BYTE, sizeof(unread));
    vmmio_encode(&request, block);
    vmmio_block_store_data(block, 3, bytes != NULL ? bytes + at : unread,
                           bytes != NULL ? size : sizeof(unread));
    return send(fd, block, sizeof(block), MSG_NOSIGNAL) == (ssize_t)sizeof(block);
}

/* The reply to the request of that tag; *error is its error bit. */
static bool receive_reply(int fd, unsigned tag, uint8_t block[VMMIO_BLOCK], bool *error)
{
    struct vmmio_packet reply;

    if (recv(fd, block, VMMIO_BLOCK, MSG_WAITALL) != (ssize_t)VMMIO_BLOCK) {
        return false;
    }
    vmmio_decode(block, &reply);
    *error = reply.error;
    return reply.from_client && reply.tag == tag;
}

static bool send_all(int fd, uint64_t addr, unsigned len, const uint8_t *bytes)
{
    unsigned size;

    for (unsigned at = 0; at < len; at += size) {
        size = request_size(addr + at, len - at);
        if (!send_request(fd, addr, at, size, bytes)) {
            return false;
        }
    }
    return true;
}

/* `bytes` takes what was read; NULL for a write. */
static int receive_all(int fd, uint64_t addr, unsigned len, uint8_t *bytes)
{
    uint8_t block[VMMIO_BLOCK];
    int failed = 0;
    unsigned size;

    for (unsigned at = 0; at < len; at += size) {
        bool error;

        size = request_size(addr + at, len - at);
        if (!receive_reply(fd, at, block, &error)) {
            return -1;
        }
        failed += error;
        if (bytes != NULL) {
            vmmio_block_load_data(block, 3, bytes + at, size);
        }
    }
    return failed;
}

int dma_client_read(int fd, uint64_t addr, void *bytes, unsigned len)
{
    return send_all(fd, addr, len, NULL) ? receive_all(fd, addr, len, bytes) : -1;
}

int dma_client_write(int fd, uint64_t addr, const void *bytes, unsigned len)
{
    return send_all(fd, addr, len, bytes) ? receive_all(fd, addr, len, NULL) : -1;
}
