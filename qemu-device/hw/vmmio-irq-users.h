/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices are wired to an input of the interrupt controller, as QOM tells. */
#ifndef HW_MISC_VMMIO_IRQ_USERS_H
#define HW_MISC_VMMIO_IRQ_USERS_H

#include "hw/irq.h"

/*
 * The devices whose outputs lead to the input, also through OR gates and
 * splitters, vmmio devices left out: "pl011 (/machine/soc/uart0), ...". NULL
 * when there is none; the caller frees it. Named outputs are not followed: a
 * bus bridge has one for every input, whether a device behind uses it or not.
 * BQL held.
 */
char *vmmio_irq_users(qemu_irq input);

/* How such a device is called in messages: its type and its QOM path. The caller frees it. */
char *vmmio_irq_user_name(Object *dev);

#endif
