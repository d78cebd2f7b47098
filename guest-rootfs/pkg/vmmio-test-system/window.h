/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vMMIO range as a process of the guest sees it. */
#ifndef WINDOW_H
#define WINDOW_H

#include <stddef.h>
#include <stdint.h>

/* The range of the example. */
#define WINDOW_ADDRESS 0xfef00000
#define WINDOW_SIZE 4096

typedef volatile uint8_t *Window;

/*
 * Map the range: `offset` of the file is its start. NULL after one line on standard error.
 * Never unmapped: the process ends with its test.
 */
Window window_map(const char *file, uint64_t offset);

/* 8-byte accesses at a multiple of 8. */
static inline uint64_t window_read(Window window, size_t offset)
{
    return *(volatile uint64_t *)(window + offset);
}

static inline void window_write(Window window, size_t offset, uint64_t value)
{
    *(volatile uint64_t *)(window + offset) = value;
}

#endif
