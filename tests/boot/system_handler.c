/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device that vmmio-test-system drives from inside (its registers.h says what it does):
 *
 *     system_handler HOST:PORT
 *
 * DMA goes over a second connection, from within the write that asks for it. Exit status 1: no
 * connection, 2: called wrongly, 3: the VM has gone or broken the protocol.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coreio.h"
#include "dma_client.h"
#include "registers.h"

/* Before the line rises, so that the process inside sleeps and has to be woken. */
#define RAISE_AFTER_US 3000

static struct {
    uint64_t rounds;
    uint64_t round;
    bool high;
    int dma_fd;
    uint64_t dma_address;
    uint64_t dma_wrong;
    uint64_t ticket;
    uint64_t writes;
    uint8_t memory[REG_END - REG_MEMORY];
} device;

static int set_line(bool high)
{
    device.high = high;
    return coreio_irq_update(0, 0, high);
}

/* The interrupt of a round is acknowledged by its number. */
static int acknowledge(uint64_t round)
{
    if (!device.high || round != device.round) {
        return -EPROTO;
    }
    return set_line(false);
}

/* Fill guest memory and read it back, or only read it; count what is not as it should be. */
static int run_dma(uint64_t job)
{
    unsigned length = DMA_JOB_LENGTH(job);
    uint8_t pattern[DMA_CLIENT_MAX];
    uint8_t got[DMA_CLIENT_MAX];
    int failed_writes = 0;
    int failed_reads;

    if (length < 1 || length > DMA_CLIENT_MAX) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < length; i++) {
        pattern[i] = dma_pattern(DMA_JOB_SEED(job), i);
    }
    if (DMA_JOB_WHAT(job) == DMA_FILL) {
        failed_writes = dma_client_write(device.dma_fd, device.dma_address, pattern, length);
    }
    memset(got, ~pattern[0], sizeof(got));
    failed_reads = dma_client_read(device.dma_fd, device.dma_address, got, length);
    if (failed_writes < 0 || failed_reads < 0) {
        fprintf(stderr, "system_handler: DMA of %u bytes at 0x%" PRIx64 " got no proper replies\n",
                length, device.dma_address);
        exit(3);
    }
    device.dma_wrong = (uint64_t)failed_writes + (uint64_t)failed_reads;
    for (unsigned i = 0; i < length; i++) {
        device.dma_wrong += got[i] != pattern[i];
    }
    return 0;
}

static int write_register(unsigned offset, uint64_t value)
{
    switch (offset) {
    case REG_IRQ_ROUNDS:
        device.rounds = value;
        device.round = 0;
        return 0;
    case REG_IRQ_ACK:
        return acknowledge(value);
    case REG_DMA_ADDRESS:
        device.dma_address = value;
        return 0;
    case REG_DMA_GO:
        return run_dma(value);
    default:
        return -EIO;
    }
}

static int read_register(unsigned offset, uint64_t *value)
{
    switch (offset) {
    case REG_IRQ_LEVEL:
        *value = device.high;
        return 0;
    case REG_DMA_WRONG:
        *value = device.dma_wrong;
        return 0;
    case REG_TICKET:
        *value = device.ticket++;
        return 0;
    case REG_WRITES:
        *value = device.writes;
        return 0;
    default:
        return -EIO;
    }
}

static int on_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    unsigned offset = addr % REG_END;
    uint64_t value = 0;
    int error;

    (void)priv;
    (void)flags;
    if (offset >= REG_MEMORY && offset + len <= REG_END) {
        memcpy(buf, device.memory + offset - REG_MEMORY, len);
        return 0;
    }
    error = read_register(offset, &value);
    memcpy(buf, &value, len < sizeof(value) ? len : sizeof(value));
    return error;
}

static int on_write(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    unsigned offset = addr % REG_END;
    uint64_t value = 0;

    (void)priv;
    (void)flags;
    if (offset >= REG_MEMORY && offset + len <= REG_END) {
        memcpy(device.memory + offset - REG_MEMORY, buf, len);
        device.writes++;
        return 0;
    }
    memcpy(&value, buf, len < sizeof(value) ? len : sizeof(value));
    return write_register(offset, value);
}

static int connect_to(const char *endpoint)
{
    static const coreio_func_t func = {.read = on_read, .write = on_write};
    int error = coreio_connect(endpoint);

    if (error == 0) {
        device.dma_fd = dma_client_connect(endpoint);
        error = device.dma_fd < 0 ? -errno : coreio_register(0, &func, NULL);
    }
    return error;
}

/* Serve accesses; now and then, when a round is due, raise the line. */
static int serve(void)
{
    int error = 0;

    while (error == 0) {
        error = coreio_mainloop(RAISE_AFTER_US);
        if (error == 0 && !device.high && device.round < device.rounds) {
            device.round++;
            error = set_line(true);
        }
    }
    return error;
}

int main(int argc, char **argv)
{
    int error;

    if (argc != 2) {
        fprintf(stderr, "usage: system_handler HOST:PORT\n");
        return 2;
    }
    error = connect_to(argv[1]);
    if (error != 0) {
        fprintf(stderr, "system_handler: cannot connect to %s: %s\n", argv[1], strerror(-error));
        return 1;
    }
    fprintf(stderr, "system_handler: the VM has gone: %s\n", strerror(-serve()));
    return 3;
}
