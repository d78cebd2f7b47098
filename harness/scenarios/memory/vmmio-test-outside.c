/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outside half of the memory example: 256 bytes of memory behind range 0.
 *
 *     vmmio-test-outside HOST:PORT
 *
 * prints `tick` once a second and a line for each access. Exit status: 1 when
 * it cannot connect, 2 when called wrongly, 3 when the VM has gone.
 */
#include "coreio.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RANGE 0
#define TICK_USEC 1000000

static const char usage[] =
    "usage: vmmio-test-outside HOST:PORT\n"
    "PORT is 4800 when left out, as every client of this protocol has it; vmbench prints the port\n"
    "of its guests, 4300 when that is free.\n";

enum {
    EXIT_CANNOT_CONNECT = 1,
    EXIT_USAGE = 2,
    EXIT_VM_GONE = 3,
};

/* The window repeats the memory, and an access over its end goes on at its start. */
static uint8_t memory[256];

static uint8_t *cell(uint64_t addr)
{
    return &memory[addr & 0xff];
}

static int memory_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    uint8_t *bytes = buf;

    (void)priv;
    printf("read  %08" PRIx64 " %d %x\n", addr, (int)len, flags);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = *cell(addr + i);
    }
    return 0;
}

/* The whole first data word: what lies above `len` shows whether the VM extended it rightly. */
static uint64_t data_word(const uint8_t *bytes)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < 8; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

static int memory_write(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    const uint8_t *bytes = buf;

    (void)priv;
    printf("write %08" PRIx64 " %d %016" PRIx64 " %x\n", addr, (int)len, data_word(bytes), flags);
    for (size_t i = 0; i < len; i++) {
        *cell(addr + i) = bytes[i];
    }
    return 0;
}

static int fail(const char *what, const char *target, int err, int status)
{
    fprintf(stderr, "vmmio-test-outside: %s %s: %s\n", what, target, strerror(-err));
    return status;
}

int main(int argc, char **argv)
{
    static const coreio_func_t func = { .read = memory_read, .write = memory_write };
    int err;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc != 2) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    /* Whoever follows the output through a pipe sees each line when it happens. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    err = coreio_connect(argv[1]);
    if (err == -EINVAL) {
        fprintf(stderr, "vmmio-test-outside: bad target '%s': give HOST:PORT\n", argv[1]);
        return EXIT_USAGE;
    }
    if (err) {
        return fail("cannot connect to", argv[1], err, EXIT_CANNOT_CONNECT);
    }
    err = coreio_register(RANGE, &func, NULL);
    while (!err) {
        err = coreio_mainloop(TICK_USEC);
        if (!err) {
            puts("tick");
        }
    }
    return fail("lost the VM at", argv[1], err, EXIT_VM_GONE);
}
