/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "physical.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

uint64_t physical_address(const void *byte)
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
