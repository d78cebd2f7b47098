/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handler that the bench measures against: the 256-byte memory of vmmio-test-outside with
 * nothing around it, so that the rows say what the device costs and not what a library does.
 *
 *     bench-handler block|poll|silent A.B.C.D:PORT|unix:PATH
 *
 * claims range 0. A silent one answers nothing, and prints `asked` when there is something to
 * answer. Ends when the VM goes; exit status 1 for any error, 3 when the VM has gone.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "framer.h"

/* One recv() may bring many posted writes. */
enum { INPUT = 1024 * VMMIO_BLOCK };

enum { DATA_WORD = 3, VM_GONE = 3 };

static uint8_t memory[256];

static void claim(const struct channel *channel)
{
    struct vmmio_packet packet = {.opcode = VMMIO_OP_RGN_CLAIM, .from_client = true};
    uint8_t block[VMMIO_BLOCK];

    vmmio_encode(&packet, block);
    channel_send(channel, block, sizeof(block));
}

static void read_memory(uint8_t block[VMMIO_BLOCK], uint64_t addr, unsigned size)
{
    uint8_t bytes[8] = {0};

    for (unsigned i = 0; i < size && i < sizeof(bytes); i++) {
        bytes[i] = memory[(addr + i) % sizeof(memory)];
    }
    vmmio_block_store_data(block, DATA_WORD, bytes, sizeof(bytes));
}

static void write_memory(const uint8_t block[VMMIO_BLOCK], uint64_t addr, unsigned size)
{
    uint64_t word = vmmio_block_load(block, DATA_WORD);

    for (unsigned i = 0; i < size && i < sizeof(word); i++) {
        memory[(addr + i) % sizeof(memory)] = (uint8_t)(word >> (8 * i));
    }
}

static void reply(const struct channel *channel, uint8_t block[VMMIO_BLOCK])
{
    vmmio_block_make_reply(block, false);
    channel_send(channel, block, VMMIO_BLOCK);
}

static void serve(const struct channel *channel, uint8_t block[VMMIO_BLOCK])
{
    struct vmmio_packet request;

    vmmio_decode(block, &request);
    switch (request.opcode) {
    case VMMIO_OP_READ:
        read_memory(block, request.addr, request.size);
        reply(channel, block);
        break;
    case VMMIO_OP_WRITEA:
        write_memory(block, request.addr, request.size);
        reply(channel, block);
        break;
    case VMMIO_OP_WRITE:
        write_memory(block, request.addr, request.size);
        break;
    case VMMIO_OP_PING:
        reply(channel, block);
        break;
    default: /* a reset leaves the memory alone */
        break;
    }
}

static void serve_all(const struct channel *channel)
{
    static uint8_t input[INPUT];
    struct vmmio_framer framer;
    size_t len;

    vmmio_framer_init(&framer);
    while ((len = channel_receive(channel, input, sizeof(input))) > 0) {
        for (size_t used = 0; used < len;) {
            bool complete;

            used += vmmio_framer_push(&framer, input + used, len - used, &complete);
            if (complete) {
                serve(channel, framer.block);
            }
        }
    }
}

static void serve_nothing(const struct channel *channel)
{
    uint8_t request[VMMIO_BLOCK];
    while (channel_receive(channel, request, sizeof(request)) > 0) {
        puts("asked");
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    bool silent = argc == 3 && strcmp(argv[1], "silent") == 0;
    struct channel channel;

    if (argc != 3) {
        errx(EXIT_FAILURE, "usage: bench-handler block|poll|silent A.B.C.D:PORT|unix:PATH");
    }
    channel = channel_connect(argv[2], !silent && channel_poll_from(argv[1]));
    claim(&channel);
    (silent ? serve_nothing : serve_all)(&channel);
    fprintf(stderr, "bench-handler: the VM has gone\n");
    return VM_GONE;
}
