/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP events about a range (vmmio.json). `client` is the text that names a
 * connection. Any thread; with the BQL held, which keeps events in the order
 * of what they tell.
 */
#ifndef HW_MISC_VMMIO_EVENTS_H
#define HW_MISC_VMMIO_EVENTS_H

#include "vmmio.h"

void vmmio_event_claimed(VmmioState *s, const char *client);
void vmmio_event_released(VmmioState *s, const char *client);

/* An access of `size` bytes at guest-physical address `addr`. `client` may be NULL. */
void vmmio_event_timed_out(VmmioState *s, const char *client, uint64_t addr, unsigned size,
                           bool write);

#endif
