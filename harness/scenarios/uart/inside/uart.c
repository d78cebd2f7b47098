/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside half of the UART: answers in capitals.
 *
 *     vmmio-uart-inside
 *
 * sleeps until bytes come, sends each back in upper case, and ends with the byte EOT (4), which it
 * answers as well. Prints how many bytes came. Exit status 1: there is no such device, or it has
 * lost bytes.
 */
#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "uio_range.h"

enum { DATA = 0, STATUS = 4, ENABLE = 8, ERRORS = 12 };
enum { RX_READY = 1, RX_IRQ = 1, OVERRUN = 1, EOT = 4 };

/* Empty the receive FIFO. False once EOT was there. */
static bool answer(const struct uio_range *range, unsigned *count)
{
    while (uio_range_read(range, STATUS) & RX_READY) {
        uint32_t byte = uio_range_read(range, DATA);

        ++*count;
        uio_range_write(range, DATA, (uint32_t)toupper((int)byte));
        if (byte == EOT) {
            return false;
        }
    }
    return true;
}

int main(void)
{
    struct uio_range range = uio_range_open();
    unsigned count = 0;
    bool more;

    uio_range_write(&range, ENABLE, RX_IRQ);
    do {
        uio_range_wait(&range);
        more = answer(&range, &count);
        uio_range_unmask(&range);
    } while (more);
    uio_range_write(&range, ENABLE, 0);
    if (uio_range_read(&range, ERRORS) & OVERRUN) {
        errx(EXIT_FAILURE, "the UART has lost bytes");
    }
    printf("%u bytes\n", count);
    return 0;
}
