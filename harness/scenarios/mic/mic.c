/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mic.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "mic_registers.h"

enum { RANGE = 0, LINE = 0, RANGE_SIZE = 4096, SECOND_NS = 1000000000 };

/* A buffer of the guest's, and what was written to it. */
struct block {
    uint64_t address;
    uint32_t bytes;
    bool last;
};

/*
 * Block k of the recording comes into the k-th buffer that was given, blocks[k % MIC_BUFFERS]. The
 * counters tell how far it is: those below `taken` are done with, those below `filled` wait for
 * the guest. Of the others those below `given` have a buffer, and of those below `due` the time
 * has come.
 */
struct mic {
    coreio_ctx *ctx;
    struct recording *recording;
    int timer;
    bool started; /* the last CONTROL was 1 */
    bool fault;
    bool writing; /* `samples` are on their way to block `filled` */
    uint64_t address;
    uint64_t taken, filled, given, due;
    uint32_t overruns;
    struct block blocks[MIC_BUFFERS];
    int16_t samples[MIC_BLOCK_SAMPLES];
};

/*
 * Before a level is told again the guest must have taken a block or stopped, which is an access
 * that was answered: so there is always room to send it.
 */
static void update_line(struct mic *mic)
{
    coreio_ctx_irq_update(mic->ctx, RANGE, LINE, mic->filled != mic->taken || mic->fault);
}

static uint64_t blocks_of(const struct mic *mic)
{
    return (recording_samples(mic->recording) + MIC_BLOCK_SAMPLES - 1) / MIC_BLOCK_SAMPLES;
}

/* The time of a block after this moment, and of each after that; or none any more. */
static void set_timer(const struct mic *mic, bool on)
{
    uint64_t ns = on ? (uint64_t)MIC_BLOCK_SAMPLES * SECOND_NS / recording_rate(mic->recording) : 0;
    struct timespec period = {(time_t)(ns / SECOND_NS), (long)(ns % SECOND_NS)};

    timerfd_settime(mic->timer, 0, &(struct itimerspec){period, period}, NULL);
}

/* What is on its way goes on being written, and BUSY shows it. */
static void stop(struct mic *mic)
{
    set_timer(mic, false);
    mic->started = mic->fault = false;
    mic->taken = mic->filled = mic->given = mic->due = 0;
    update_line(mic);
}

static int start(struct mic *mic)
{
    if (mic->started || mic->writing) {
        return -EBUSY;
    }
    recording_rewind(mic->recording);
    mic->overruns = 0;
    mic->started = true;
    set_timer(mic, true);
    return 0;
}

static void fail(struct mic *mic)
{
    set_timer(mic, false);
    mic->fault = true;
    update_line(mic);
}

static void write_next(struct mic *mic);

static void block_written(void *priv, int err)
{
    struct mic *mic = priv;

    mic->writing = false;
    if (!mic->started) {
        return; /* stopped meanwhile */
    }
    if (err != 0) {
        fail(mic);
        return;
    }
    mic->filled++;
    update_line(mic);
    write_next(mic);
}

/* Send block `filled` on its way. False: it cannot be. */
static bool write_block(struct mic *mic, struct block *block)
{
    uint64_t left = recording_samples(mic->recording) - mic->filled * MIC_BLOCK_SAMPLES;
    size_t count = left < MIC_BLOCK_SAMPLES ? (size_t)left : MIC_BLOCK_SAMPLES;

    block->bytes = (uint32_t)(count * sizeof(mic->samples[0]));
    block->last = count == left;
    return recording_read(mic->recording, mic->samples, count) &&
           coreio_ctx_dma_write(mic->ctx, 0, 0, block->address, block->bytes, mic->samples, 0,
                                block_written, mic) == 0;
}

/* If a block is due, has a buffer, and the one before has been written. */
static void write_next(struct mic *mic)
{
    if (mic->fault || mic->writing || mic->filled == mic->due || mic->filled == mic->given) {
        return;
    }
    mic->writing = write_block(mic, &mic->blocks[mic->filled % MIC_BUFFERS]);
    if (!mic->writing) {
        fail(mic);
    }
}

/* The time of so many more blocks has come. */
static void come_due(struct mic *mic, uint64_t count)
{
    uint64_t left = blocks_of(mic) - mic->due;
    uint64_t before = mic->due > mic->given ? mic->due : mic->given;

    mic->due += count < left ? count : left;
    mic->overruns += (uint32_t)(mic->due > before ? mic->due - before : 0);
}

void mic_tick(struct mic *mic)
{
    uint64_t periods;

    /* A timer that was stopped or set again since it went off has nothing to read. */
    if (read(mic->timer, &periods, sizeof(periods)) == sizeof(periods)) {
        come_due(mic, periods);
        write_next(mic);
    }
}

static int give(struct mic *mic)
{
    if (mic->given - mic->taken == MIC_BUFFERS) {
        return -ENOSPC;
    }
    mic->blocks[mic->given++ % MIC_BUFFERS] = (struct block){.address = mic->address};
    write_next(mic);
    return 0;
}

static int take(struct mic *mic)
{
    if (mic->filled == mic->taken) {
        return -ENODATA;
    }
    mic->taken++;
    update_line(mic);
    return 0;
}

static int control(struct mic *mic, uint32_t value)
{
    switch (value) {
    case 0:
        stop(mic);
        return 0;
    case 1:
        return start(mic);
    default:
        return -EINVAL;
    }
}

/* The oldest block, or one of no bytes. */
static struct block ready(const struct mic *mic)
{
    return mic->filled != mic->taken ? mic->blocks[mic->taken % MIC_BUFFERS] : (struct block){0};
}

static uint32_t status(const struct mic *mic)
{
    return (mic->filled != mic->taken ? MIC_READY : 0) | (ready(mic).last ? MIC_LAST : 0) |
           (mic->fault ? MIC_FAULT : 0) | (mic->writing ? MIC_BUSY : 0);
}

static int read_register(const struct mic *mic, uint64_t offset, uint32_t *value)
{
    switch (offset) {
    case MIC_STATUS:
        *value = status(mic);
        return 0;
    case MIC_RATE:
        *value = recording_rate(mic->recording);
        return 0;
    case MIC_LENGTH:
        *value = ready(mic).bytes;
        return 0;
    case MIC_OVERRUNS:
        *value = mic->overruns;
        return 0;
    default:
        return -EINVAL;
    }
}

static int write_register(struct mic *mic, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case MIC_CONTROL:
        return control(mic, value);
    case MIC_ADDRESS_LOW:
        mic->address = (mic->address & ~(uint64_t)UINT32_MAX) | value;
        return 0;
    case MIC_ADDRESS_HIGH:
        mic->address = (uint64_t)value << 32 | (uint32_t)mic->address;
        return 0;
    case MIC_GIVE:
        return give(mic);
    case MIC_TAKE:
        return take(mic);
    default:
        return -EINVAL;
    }
}

static int on_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    uint32_t value = 0;
    int error = len == sizeof(value) ? read_register(priv, addr % RANGE_SIZE, &value) : -EINVAL;

    (void)flags;
    if (error == 0) {
        value = htole32(value);
        memcpy(buf, &value, sizeof(value));
    }
    return error;
}

static int on_write(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    uint32_t value;

    (void)flags;
    if (len != sizeof(value)) {
        return -EINVAL;
    }
    memcpy(&value, buf, sizeof(value));
    return write_register(priv, addr % RANGE_SIZE, le32toh(value));
}

static void on_reset(void *priv, unsigned rid)
{
    (void)rid;
    stop(priv);
}

struct mic *mic_new(coreio_ctx *ctx, struct recording *recording)
{
    static const coreio_func_t func = {.read = on_read, .write = on_write};
    static const coreio_events_t events = {.reset = on_reset};
    struct mic *mic = calloc(1, sizeof(*mic));

    if (mic == NULL) {
        return NULL;
    }
    mic->ctx = ctx;
    mic->recording = recording;
    mic->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (mic->timer < 0) {
        free(mic);
        return NULL;
    }
    coreio_ctx_register(ctx, RANGE, &func, mic);
    coreio_ctx_set_events(ctx, &events, mic);
    return mic;
}

void mic_free(struct mic *mic)
{
    close(mic->timer);
    free(mic);
}

int mic_timer_fd(const struct mic *mic)
{
    return mic->timer;
}
