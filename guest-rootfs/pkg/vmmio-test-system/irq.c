/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registers.h"
#include "tests.h"
#include "window.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define UIO "/dev/uio0"

/* How often Linux has seen the interrupt since the module was loaded. */
static int count_events(uint32_t *events)
{
    FILE *file = fopen("/sys/class/uio/uio0/event", "re");
    int fields = file != NULL ? fscanf(file, "%" SCNu32, events) : 0;

    if (file != NULL) {
        fclose(file);
    }
    return fields == 1 ? 0 : fail("there is no uio0: run vmmio-uio-load first");
}

/* Sleep until the next interrupt, which must be the only one since. */
static int await_interrupt(int uio, uint32_t expected)
{
    uint32_t events;

    if (read(uio, &events, sizeof(events)) != sizeof(events)) {
        return fail("cannot wait for an interrupt: %s", strerror(errno));
    }
    return events == expected ? 0 : fail("event %" PRIu32 ", expected %" PRIu32, events, expected);
}

static int unmask(int uio)
{
    uint32_t on = 1;

    return write(uio, &on, sizeof(on)) == sizeof(on)
               ? 0
               : fail("cannot unmask the interrupt: %s", strerror(errno));
}

static int run_round(Window window, int uio, uint64_t round, uint32_t expected)
{
    if (await_interrupt(uio, expected) < 0) {
        return -1;
    }
    if (window_read(window, REG_IRQ_LEVEL) != 1) {
        return fail("an interrupt in round %" PRIu64 " while the line is low", round);
    }
    window_write(window, REG_IRQ_ACK, round);
    return unmask(uio);
}

/* The line is low and the interrupt unmasked: one too many would be there at once. */
static int check_no_more(Window window, int uio, uint32_t expected)
{
    struct pollfd event = {.fd = uio, .events = POLLIN};
    uint32_t events;

    if (window_read(window, REG_IRQ_LEVEL) != 0) {
        return fail("the line is high after the last round");
    }
    if (poll(&event, 1, 0) != 0 || count_events(&events) < 0) {
        return fail("one interrupt too many");
    }
    return events == expected ? 0 : fail("%" PRIu32 " events, expected %" PRIu32, events, expected);
}

static int run_rounds(Window window, int uio, uint64_t rounds, uint32_t before)
{
    window_write(window, REG_IRQ_ROUNDS, rounds);
    for (uint64_t round = 1; round <= rounds; round++) {
        if (run_round(window, uio, round, before + (uint32_t)round) < 0) {
            return -1;
        }
    }
    return check_no_more(window, uio, before + (uint32_t)rounds);
}

int test_irq(uint64_t rounds)
{
    Window window = window_map(UIO, 0);
    int uio = open(UIO, O_RDWR | O_CLOEXEC);
    uint32_t before;
    int result;

    if (window == NULL || uio < 0 || count_events(&before) < 0) {
        return -1;
    }
    result = run_rounds(window, uio, rounds, before);
    close(uio);
    if (result == 0) {
        printf("%" PRIu64 " interrupts\n", rounds);
    }
    return result;
}
