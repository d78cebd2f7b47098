/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vMMIO range with an interrupt as a process of the guest sees it: /dev/uio0, which the module
 * vmmio-uio makes. For programs that give up when something fails: each function then prints one
 * line and exits with status 1.
 */
#ifndef UIO_RANGE_H
#define UIO_RANGE_H

#include <stdint.h>

#define UIO_RANGE_SIZE 4096

struct uio_range {
    int fd;
    volatile uint8_t *bytes;
};

/* Map the range and let its interrupt come. It stays open until the process ends. */
struct uio_range uio_range_open(void);

/* 4-byte accesses at a multiple of 4. */
uint32_t uio_range_read(const struct uio_range *range, unsigned offset);
void uio_range_write(const struct uio_range *range, unsigned offset, uint32_t value);

/* Sleep until the interrupt comes; it is masked then. */
void uio_range_wait(const struct uio_range *range);

/* Let the next one come: at once when the line is high. */
void uio_range_unmask(const struct uio_range *range);

#endif
