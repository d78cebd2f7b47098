/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside half of the microphone: records to the end and prints what came.
 *
 *     vmmio-mic-inside           check every sample
 *     vmmio-mic-inside --levels  print the loudest sample of each block, of any recording
 *
 * The recording that is checked is the noise that noise() makes, so that each sample tells where it
 * belongs. Exit status 1: there is no such device, it lost its sound, or a sample is another than it
 * should be; 2: called wrongly.
 */
#include <endian.h>
#include <err.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../mic_registers.h"
#include "physical.h"
#include "uio_range.h"

/* Fewer than a recording has blocks, so that each is used several times. */
enum { BUFFERS = 4 };

enum progress { MORE, COMPLETE, FAILED };

/* The buffers, each a page, for a page is what is contiguous in RAM; and what has come so far. */
struct recorder {
    struct uio_range range;
    uint8_t *pages;
    bool levels; /* print them, instead of comparing with the noise */
    uint32_t noise;
    unsigned samples, blocks, interrupts;
};

static int16_t noise(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return (int16_t)(*state >> 16);
}

static uint8_t *buffer_of(const struct recorder *recorder, unsigned block)
{
    return recorder->pages + (size_t)(block % BUFFERS) * MIC_BLOCK_BYTES;
}

static void give(const struct recorder *recorder, unsigned block)
{
    uint64_t address = physical_address(buffer_of(recorder, block));

    uio_range_write(&recorder->range, MIC_ADDRESS_LOW, (uint32_t)address);
    uio_range_write(&recorder->range, MIC_ADDRESS_HIGH, (uint32_t)(address >> 32));
    uio_range_write(&recorder->range, MIC_GIVE, 1);
}

static void stop(const struct uio_range *range)
{
    uio_range_write(range, MIC_CONTROL, 0);
    while (uio_range_read(range, MIC_STATUS) & MIC_BUSY) {
        continue;
    }
}

static bool check_samples(struct recorder *recorder, const uint16_t *samples, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        int16_t sample = (int16_t)le16toh(samples[i]);
        int16_t expected = noise(&recorder->noise);

        if (sample != expected) {
            warnx("sample %u is %d, expected %d", recorder->samples + i, sample, expected);
            return false;
        }
    }
    return true;
}

static void print_level(const struct recorder *recorder, const uint16_t *samples, unsigned count)
{
    int loudest = 0;

    for (unsigned i = 0; i < count; i++) {
        int level = abs((int16_t)le16toh(samples[i]));

        loudest = level > loudest ? level : loudest;
    }
    printf("block %u: %d\n", recorder->blocks, loudest);
}

/* False: a sample of the oldest block is wrong. */
static bool use_block(struct recorder *recorder)
{
    const uint16_t *samples = (const uint16_t *)buffer_of(recorder, recorder->blocks);
    uint32_t length = uio_range_read(&recorder->range, MIC_LENGTH);

    if (length > MIC_BLOCK_BYTES) {
        warnx("block %u has %" PRIu32 " bytes", recorder->blocks, length);
        return false;
    }
    /* READY was read before the samples are, which the compiler thinks untouched. */
    atomic_thread_fence(memory_order_acquire);
    if (recorder->levels) {
        print_level(recorder, samples, length / 2);
    } else if (!check_samples(recorder, samples, length / 2)) {
        return false;
    }
    recorder->samples += length / 2;
    return true;
}

/* After an interrupt: the oldest block, if there is one. */
static enum progress take_block(struct recorder *recorder)
{
    uint32_t status = uio_range_read(&recorder->range, MIC_STATUS);

    if (status & MIC_FAULT) {
        warnx("the microphone has lost its sound, or cannot write to a buffer");
        return FAILED;
    }
    if (!(status & MIC_READY)) {
        return MORE;
    }
    if (!use_block(recorder)) {
        return FAILED;
    }
    uio_range_write(&recorder->range, MIC_TAKE, 1);
    give(recorder, recorder->blocks++);
    return status & MIC_LAST ? COMPLETE : MORE;
}

/* However it ends, the buffers are no longer the microphone's then. */
static bool record(struct recorder *recorder)
{
    enum progress progress;

    stop(&recorder->range);
    for (unsigned i = 0; i < BUFFERS; i++) {
        give(recorder, i);
    }
    uio_range_write(&recorder->range, MIC_CONTROL, 1);
    do {
        uio_range_wait(&recorder->range);
        recorder->interrupts++;
        progress = take_block(recorder);
        uio_range_unmask(&recorder->range);
    } while (progress == MORE);
    stop(&recorder->range);
    return progress == COMPLETE;
}

int main(int argc, char **argv)
{
    bool levels = argc == 2 && strcmp(argv[1], "--levels") == 0;

    if (argc > 1 && !levels) {
        fprintf(stderr, "usage: vmmio-mic-inside [--levels]\n");
        return 2;
    }
    struct recorder recorder = {
        .levels = levels,
        .range = uio_range_open(),
        .pages = mmap(NULL, (size_t)BUFFERS * MIC_BLOCK_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0),
    };

    if (recorder.pages == MAP_FAILED) {
        err(EXIT_FAILURE, "cannot lock %d pages", BUFFERS);
    }
    if (!record(&recorder)) {
        return EXIT_FAILURE;
    }
    printf("%u samples, %u blocks, %u interrupts, %" PRIu32 " Hz\n", recorder.samples,
           recorder.blocks, recorder.interrupts, uio_range_read(&recorder.range, MIC_RATE));
    printf("%" PRIu32 " overruns\n", uio_range_read(&recorder.range, MIC_OVERRUNS));
    return 0;
}
