/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handler that the bench measures against: vmmio-test-outside without its output.
 *
 *     bench-handler HOST:PORT
 *
 * Both calls of the client library block. Ends when the VM goes; exit status 1 when
 * it cannot connect, 2 when called wrongly, 3 when the VM has gone.
 */
#include "coreio.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint8_t memory[256];

static int memory_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    uint8_t *bytes = buf;

    (void)priv;
    (void)flags;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = memory[(addr + i) & 0xff];
    }
    return 0;
}

static int memory_write(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    const uint8_t *bytes = buf;

    (void)priv;
    (void)flags;
    for (size_t i = 0; i < len; i++) {
        memory[(addr + i) & 0xff] = bytes[i];
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const coreio_func_t func = {.read = memory_read, .write = memory_write};
    int err;

    if (argc != 2) {
        fprintf(stderr, "usage: bench-handler HOST:PORT\n");
        return 2;
    }
    err = coreio_connect(argv[1]);
    if (err == 0) {
        err = coreio_register(0, &func, NULL);
    }
    if (err != 0) {
        fprintf(stderr, "bench-handler: cannot connect to %s: %s\n", argv[1], strerror(-err));
        return 1;
    }
    err = coreio_mainloop(-1);
    fprintf(stderr, "bench-handler: the VM has gone: %s\n", strerror(-err));
    return 3;
}
