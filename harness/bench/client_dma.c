/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a handler written with libcoreio moves bytes to or from the guest's memory:
 *
 *     client-dma read|write MEGABYTES ADDRESS CPU ENDPOINT
 *
 * moves so many million bytes by blocking calls of a million each, over the one megabyte from
 * ADDRESS on, and prints megabytes a second. Before reading it writes a pattern there, after
 * writing it reads it back. Exit status 1: an error, or other bytes than were written.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "coreio-ctx.h"

enum { MEGABYTE = 1000000 };

static uint8_t pattern[MEGABYTE], bytes[MEGABYTE];

static void check(int result, const char *what)
{
    if (result != 0) {
        errx(EXIT_FAILURE, "%s: %s", what, strerror(-result));
    }
}

static void write_pattern(coreio_ctx *ctx, uint64_t address)
{
    check(coreio_ctx_dma_write(ctx, 0, 0, address, MEGABYTE, pattern, 0, NULL, NULL), "write");
}

static void read_pattern(coreio_ctx *ctx, uint64_t address)
{
    check(coreio_ctx_dma_read(ctx, 0, 0, address, MEGABYTE, bytes, 0, NULL, NULL), "read");
}

static double measure(coreio_ctx *ctx, void (*move)(coreio_ctx *, uint64_t), uint64_t address,
                      unsigned long megabytes)
{
    uint64_t start = bench_now_ns();

    for (unsigned long i = 0; i < megabytes; i++) {
        move(ctx, address);
    }
    return (double)megabytes * 1e9 / (double)(bench_now_ns() - start);
}

int main(int argc, char **argv)
{
    coreio_ctx *ctx = coreio_ctx_new();
    unsigned long megabytes;
    uint64_t address;
    double speed;

    if (argc != 6 || (strcmp(argv[1], "read") != 0 && strcmp(argv[1], "write") != 0)) {
        errx(EXIT_FAILURE, "usage: client-dma read|write MEGABYTES ADDRESS CPU ENDPOINT");
    }
    megabytes = bench_number(argv[2], "MEGABYTES");
    address = strtoull(argv[3], NULL, 0);
    bench_pin(argv[4]);
    if (ctx == NULL) {
        err(EXIT_FAILURE, "coreio_ctx_new");
    }
    check(coreio_ctx_connect(ctx, argv[5]), argv[5]);
    for (unsigned i = 0; i < MEGABYTE; i++) {
        pattern[i] = (uint8_t)(i * 7 + i / 251);
    }
    write_pattern(ctx, address); /* and warm up */
    speed = measure(ctx, argv[1][0] == 'r' ? read_pattern : write_pattern, address, megabytes);
    read_pattern(ctx, address);
    if (memcmp(bytes, pattern, MEGABYTE) != 0) {
        errx(EXIT_FAILURE, "the guest's memory at 0x%" PRIx64 " holds other bytes", address);
    }
    printf("%.2f\n", speed);
    coreio_ctx_free(ctx);
    return EXIT_SUCCESS;
}
