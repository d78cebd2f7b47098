/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vMMIO range with an interrupt as a process of the guest sees it: /dev/uio0, which the module
 * vmmio-uio makes. For programs that give up when something fails: each function then prints one
 * line and exits with status 1.
 */
#ifndef UIO_RANGE_H
#define UIO_RANGE_H

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define UIO_DEVICE "/dev/uio0"
#define UIO_RANGE_SIZE 4096

struct uio_range {
    int fd;
    volatile uint8_t *bytes;
};

/* 4-byte accesses at a multiple of 4. */
static inline uint32_t uio_range_read(const struct uio_range *range, unsigned offset)
{
    return *(volatile uint32_t *)(range->bytes + offset);
}

static inline void uio_range_write(const struct uio_range *range, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(range->bytes + offset) = value;
}

/* Sleep until the interrupt comes; it is masked then. */
static inline void uio_range_wait(const struct uio_range *range)
{
    uint32_t count;

    if (read(range->fd, &count, sizeof(count)) != sizeof(count)) {
        err(EXIT_FAILURE, UIO_DEVICE ": cannot wait for an interrupt");
    }
}

/* Let the next one come: at once when the line is high. */
static inline void uio_range_unmask(const struct uio_range *range)
{
    uint32_t on = 1;

    if (write(range->fd, &on, sizeof(on)) != sizeof(on)) {
        err(EXIT_FAILURE, UIO_DEVICE ": cannot unmask the interrupt");
    }
}

static inline struct uio_range uio_range_open(void)
{
    struct uio_range range = {.fd = open(UIO_DEVICE, O_RDWR | O_SYNC | O_CLOEXEC)};
    void *bytes;

    if (range.fd < 0) {
        err(EXIT_FAILURE, UIO_DEVICE ": run vmmio-uio-load first");
    }
    bytes = mmap(NULL, UIO_RANGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, range.fd, 0);
    if (bytes == MAP_FAILED) {
        err(EXIT_FAILURE, UIO_DEVICE ": cannot be mapped");
    }
    range.bytes = bytes;
    /* One that came before the open is masked and would never be told: have it come again. */
    uio_range_unmask(&range);
    return range;
}

#endif
