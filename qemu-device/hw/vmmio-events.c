/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qapi/qapi-events-vmmio.h"
#include "vmmio-events.h"

void vmmio_event_claimed(VmmioState *s, const char *client)
{
    qapi_event_send_vmmio_claimed(s->range.name, DEVICE(s)->id, s->start, client);
}

void vmmio_event_released(VmmioState *s, const char *client)
{
    qapi_event_send_vmmio_released(s->range.name, DEVICE(s)->id, s->start, client);
}

void vmmio_event_timed_out(VmmioState *s, const char *client, uint64_t addr, unsigned size,
                           bool write)
{
    qapi_event_send_vmmio_timed_out(s->range.name, DEVICE(s)->id, s->start, client, addr, size,
                                    write);
}
