/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where memory of a process is in RAM, for a device's DMA. For programs that give up when
 * something fails, like uio_range.h.
 */
#ifndef PHYSICAL_H
#define PHYSICAL_H

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * The physical address of a byte, good up to the end of its page. Touch the page and lock it
 * before. (Even so Linux may move it when it runs short of contiguous RAM; what must never move
 * needs a driver that pins it.) Prints one line and exits with status 1 when the page is not in
 * RAM, or the process is not root and so may not know.
 */
static inline uint64_t physical_address(const void *byte)
{
    const uint64_t frame_bits = (UINT64_C(1) << 55) - 1, present = UINT64_C(1) << 63;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    uint64_t entry;

    if (pagemap < 0 || pread(pagemap, &entry, sizeof(entry),
                             (off_t)((uintptr_t)byte / page * sizeof(entry))) != sizeof(entry)) {
        err(EXIT_FAILURE, "cannot read /proc/self/pagemap");
    }
    close(pagemap);
    if (!(entry & present) || (entry & frame_bits) == 0) {
        errx(EXIT_FAILURE, "/proc/self/pagemap tells no address: run as root");
    }
    return (entry & frame_bits) * page + (uintptr_t)byte % page;
}

#endif
