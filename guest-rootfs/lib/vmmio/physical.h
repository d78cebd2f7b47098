/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where memory of a process is in RAM, for a device's DMA. */
#ifndef PHYSICAL_H
#define PHYSICAL_H

#include <stdint.h>

/*
 * The physical address of a byte, good up to the end of its page. Touch the page and lock it
 * before. (Even so Linux may move it when it runs short of contiguous RAM; what must never move
 * needs a driver that pins it.) Prints one line and exits with status 1 when the page is not in
 * RAM, or the process is not root and so may not know.
 */
uint64_t physical_address(const void *byte);

#endif
