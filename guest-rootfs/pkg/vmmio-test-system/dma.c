/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buffer lies between guards, so a byte too many shows; the pages of a process are
 * anywhere in RAM, so each is a job of its own.
 */
#include "physical.h"
#include "registers.h"
#include "tests.h"
#include "window.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, PAGES = 5, SHORT_MAX = 32, GUARD = 0x5a };

typedef struct {
    Window window;
    uint8_t *bytes; /* PAGES pages */
    uint64_t physical[PAGES];
    uint32_t seed;
} Buffer;

static int make_buffer(Buffer *buffer)
{
    buffer->window = window_map("/dev/mem", WINDOW_ADDRESS);
    buffer->bytes = aligned_alloc(PAGE, PAGES * PAGE);
    if (buffer->window == NULL || buffer->bytes == NULL) {
        return -1;
    }
    memset(buffer->bytes, GUARD, PAGES * PAGE);
    if (mlock(buffer->bytes, PAGES * PAGE) < 0) {
        return fail("cannot lock the buffer: %s", strerror(errno));
    }
    for (int i = 0; i < PAGES; i++) {
        buffer->physical[i] = physical_address(buffer->bytes + i * PAGE);
    }
    return 0;
}

static int run_job(Buffer *buffer, unsigned what, unsigned at, unsigned length)
{
    uint64_t wrong;

    window_write(buffer->window, REG_DMA_ADDRESS, buffer->physical[at / PAGE] + at % PAGE);
    window_write(buffer->window, REG_DMA_GO, DMA_JOB(what, length, buffer->seed));
    /* The device has read and written what the compiler thinks untouched. */
    __asm__ volatile("" ::: "memory");
    wrong = window_read(buffer->window, REG_DMA_WRONG);
    return wrong == 0 ? 0
                      : fail("%u bytes at offset %u: the device counts %" PRIu64 " wrong", length,
                             at, wrong);
}

static uint8_t expected(const Buffer *buffer, unsigned at, unsigned length, unsigned i)
{
    return i >= at && i < at + length ? dma_pattern(buffer->seed, i - at) : GUARD;
}

/* From `first` up to `end`, which reach over the `length` bytes at `at`. */
static int check_bytes(const Buffer *buffer, unsigned at, unsigned length, unsigned first,
                       unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        uint8_t byte = expected(buffer, at, length, i);

        if (buffer->bytes[i] != byte) {
            return fail("%u bytes at offset %u: byte %u is %02x, expected %02x", length, at, i,
                        buffer->bytes[i], byte);
        }
    }
    return 0;
}

/* Up to a page that does not cross one: the device fills it, then it reads what we put there. */
static int transfer(Buffer *buffer, unsigned at, unsigned length)
{
    unsigned first = at < SHORT_MAX ? 0 : at - SHORT_MAX;
    unsigned end = at + length + SHORT_MAX;

    buffer->seed++;
    if (run_job(buffer, DMA_FILL, at, length) < 0 ||
        check_bytes(buffer, at, length, first, end) < 0) {
        return -1;
    }
    buffer->seed++;
    for (unsigned i = 0; i < length; i++) {
        buffer->bytes[at + i] = dma_pattern(buffer->seed, i);
    }
    if (run_job(buffer, DMA_CHECK, at, length) < 0 ||
        check_bytes(buffer, at, length, first, end) < 0) {
        return -1;
    }
    memset(buffer->bytes + at, GUARD, length);
    return 0;
}

/* Every length at every place in a block of 32: those that cross it take two requests. */
static int transfer_short(Buffer *buffer)
{
    for (unsigned length = 1; length <= SHORT_MAX; length++) {
        for (unsigned offset = 0; offset < SHORT_MAX; offset++) {
            if (transfer(buffer, PAGE + offset, length) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* From the middle of one page to the middle of another, none of it aligned. */
static int transfer_pages(Buffer *buffer)
{
    const unsigned start = PAGE / 2 + 3;
    const unsigned end = (PAGES - 1) * PAGE - PAGE / 2 - 5;

    for (unsigned at = start; at < end; at = (at / PAGE + 1) * PAGE) {
        unsigned length = PAGE - at % PAGE;

        if (transfer(buffer, at, at + length < end ? length : end - at) < 0) {
            return -1;
        }
    }
    return check_bytes(buffer, 0, 0, 0, PAGES * PAGE);
}

int test_dma(uint64_t rounds)
{
    Buffer buffer = {0};

    if (make_buffer(&buffer) < 0) {
        return -1;
    }
    for (uint64_t i = 0; i < rounds; i++) {
        if (transfer_short(&buffer) < 0 || transfer_pages(&buffer) < 0) {
            return -1;
        }
    }
    printf("%" PRIu32 " transfers\n", buffer.seed);
    return 0;
}
