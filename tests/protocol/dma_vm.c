/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dma_vm.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELD_MAX 1024
#define WAIT_MS 10000

enum { OP_READ = 0x01, OP_WRITEA = 0x05, DATA_AT = 24, ERROR_BYTE = 3, ERROR_BIT = 0x40 };

struct dma_vm dma_vm;
static pthread_t thread;
static uint8_t held[HELD_MAX][64];

/* False: the connection is closed, or nothing came for ten seconds. */
static bool receive(int fd, uint8_t *bytes, size_t len)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };

    while (len > 0) {
        ssize_t n = poll(&wait, 1, WAIT_MS) > 0 ? recv(fd, bytes, len, 0) : -1;

        if (n <= 0) {
            return false;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static uint64_t word(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

/* Carry the request out and make it its own reply. */
static void carry_out(uint8_t request[64])
{
    unsigned size = request[10] & 0x3f;
    uint64_t at = word(request + 16) - DMA_VM_START;

    if (size == 0 || at % 32 + size > 32) {
        dma_vm.crossed = true;
    }
    if (size > 32 || at > DMA_VM_SIZE - size) {
        request[ERROR_BYTE] |= ERROR_BIT;
    } else if (request[8] == OP_READ) {
        memcpy(request + DATA_AT, dma_vm.memory + at, size);
    } else if (request[8] == OP_WRITEA) {
        memcpy(dma_vm.memory + at, request + DATA_AT, size);
    }
}

static bool answer_held(int fd, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t *request = held[dma_vm.backwards ? count - 1 - i : i];

        carry_out(request);
        if (send(fd, request, 64, MSG_NOSIGNAL) != 64) {
            return false;
        }
    }
    return true;
}

static bool next_round(int fd)
{
    unsigned count = dma_vm.hold > 0 ? dma_vm.hold : 1;

    for (unsigned i = 0; i < count; i++) {
        if (!receive(fd, held[i], 64)) {
            return false;
        }
        if (++dma_vm.requests == dma_vm.hang_up) {
            return false;
        }
    }
    dma_vm.hold = 0;
    return answer_held(fd, count);
}

static void *serve(void *listener)
{
    struct pollfd wait = { .fd = *(const int *)listener, .events = POLLIN };
    int fd = poll(&wait, 1, WAIT_MS) > 0 ? accept4(wait.fd, NULL, NULL, SOCK_CLOEXEC) : -1;
    int on = 1;

    /* The second of two replies would wait 40 ms for an acknowledgement. A Unix socket has none. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    while (fd >= 0 && next_round(fd)) {
    }
    close(fd);
    return NULL;
}

void dma_vm_start(void)
{
    dma_vm.requests = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, serve, &session.vm.listener), 0);
}

void dma_vm_stop(void)
{
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
