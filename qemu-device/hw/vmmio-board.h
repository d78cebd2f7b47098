/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the vmmio device needs to know of the board: implemented once an
 * architecture (vmmio-board-arm.c, vmmio-board-x86.c).
 */
#ifndef HW_MISC_VMMIO_BOARD_H
#define HW_MISC_VMMIO_BOARD_H

#include "hw/irq.h"
#include "exec/memattrs.h"
#include "qom/object.h"

/* Width of the CPU's physical address space in bits. */
unsigned vmmio_board_phys_bits(void);

/*
 * The input of the interrupt controller with that number: an SPI of the GIC on
 * Arm, a GSI on x86. NULL and an error when the machine has no such input.
 */
qemu_irq vmmio_board_irq(unsigned number, Error **errp);

/*
 * May a range use an input that another device drives too? Arm: yes, half of a
 * Pi's devices are unmodelled and nothing else would have a number. x86: no.
 */
bool vmmio_board_shares_irqs(void);

/*
 * What drives that input although no QOM link shows it, as words for an error
 * message. NULL when nothing does. The caller frees it.
 */
char *vmmio_board_irq_reserved(unsigned number);

/* Is the device wired to every input only to choose one later? It is no user then. */
bool vmmio_board_drives_every_irq(Object *dev);

/* The protocol's access flags (enum vmmio_flag) for an access with these attributes. */
uint8_t vmmio_board_access_flags(MemTxAttrs attrs);

#endif
