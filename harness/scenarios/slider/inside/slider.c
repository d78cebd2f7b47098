/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside half of the slider: prints each position that it is moved to.
 *
 *     vmmio-slider-inside COUNT
 *
 * waits COUNT times for the interrupt that says that the slider was moved, reads the position and
 * clears the interrupt. Exit status 1: there is no such device, 2: called wrongly.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "uio_range.h"

enum { CLEAR = 0, POSITION = 4 };

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long count = argc == 2 ? strtoul(argv[1], &end, 10) : 0;
    struct uio_range range;

    if (count == 0 || *end != '\0') {
        fprintf(stderr, "usage: vmmio-slider-inside COUNT\n");
        return 2;
    }
    range = uio_range_open();
    for (; count > 0; count--) {
        uio_range_wait(&range);
        printf("position %" PRIu32 "\n", uio_range_read(&range, POSITION));
        uio_range_write(&range, CLEAR, 0);
        uio_range_unmask(&range);
    }
    return 0;
}
