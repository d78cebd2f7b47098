/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "window.h"

#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

Window window_map(const char *file, uint64_t offset)
{
    int fd = open(file, O_RDWR | O_SYNC | O_CLOEXEC);
    void *window = MAP_FAILED;

    if (fd >= 0) {
        window = mmap(NULL, WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
    }
    if (window == MAP_FAILED) {
        fail("cannot map the range through %s: %s", file, strerror(errno));
        window = NULL;
    }
    if (fd >= 0) {
        close(fd);
    }
    return window;
}
