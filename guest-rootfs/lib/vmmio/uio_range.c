/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uio_range.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define UIO_DEVICE "/dev/uio0"

struct uio_range uio_range_open(void)
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

uint32_t uio_range_read(const struct uio_range *range, unsigned offset)
{
    return *(volatile uint32_t *)(range->bytes + offset);
}

void uio_range_write(const struct uio_range *range, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(range->bytes + offset) = value;
}

void uio_range_wait(const struct uio_range *range)
{
    uint32_t count;

    if (read(range->fd, &count, sizeof(count)) != sizeof(count)) {
        err(EXIT_FAILURE, UIO_DEVICE ": cannot wait for an interrupt");
    }
}

void uio_range_unmask(const struct uio_range *range)
{
    uint32_t on = 1;

    if (write(range->fd, &on, sizeof(on)) != sizeof(on)) {
        err(EXIT_FAILURE, UIO_DEVICE ": cannot unmask the interrupt");
    }
}
