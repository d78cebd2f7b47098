/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the vmmio device needs to know of the board: implemented once an
 * architecture (vmmio-board-arm.c, vmmio-board-x86.c).
 */
#ifndef HW_MISC_VMMIO_BOARD_H
#define HW_MISC_VMMIO_BOARD_H

#include "hw/irq.h"
#include "exec/memattrs.h"

/* Width of the CPU's physical address space in bits. */
unsigned vmmio_board_phys_bits(void);

/*
 * The input of the interrupt controller with that number: an SPI of the GIC on
 * Arm, a GSI on x86. NULL and an error when the machine has no such input.
 */
qemu_irq vmmio_board_irq(unsigned number, Error **errp);

/* The protocol's access flags (enum vmmio_flag) for an access with these attributes. */
uint8_t vmmio_board_access_flags(MemTxAttrs attrs);

#endif
