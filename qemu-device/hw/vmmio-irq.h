/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interrupt lines of a vmmio device: the property "irq", the inputs of the
 * interrupt controller that its numbers stand for, and who else uses those.
 * All functions: BQL held.
 */
#ifndef HW_MISC_VMMIO_IRQ_H
#define HW_MISC_VMMIO_IRQ_H

#include "vmmio.h"

/*
 * Read s->irq_list into s->irq_number and s->n_irqs, and connect sysbus IRQ i
 * to input irq_number[i] of the interrupt controller. To be called once, while
 * s is being realized. False and an error for what is no list of at most 16
 * numbers, a number that the machine does not have, or one that a vmmio device
 * has already.
 *
 * When the machine is complete, a number that another device is wired to is a
 * warning on boards that share inputs; on others it ends QEMU with an error.
 */
bool vmmio_irqs_connect(VmmioState *s, Error **errp);

#endif
