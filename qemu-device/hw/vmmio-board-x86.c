/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "cpu.h"
#include "hw/i386/x86.h"
#include "vmmio-board.h"
#include "wire.h"

unsigned vmmio_board_phys_bits(void)
{
    return X86_CPU(first_cpu)->phys_bits;
}

qemu_irq vmmio_board_irq(unsigned number, Error **errp)
{
    X86MachineState *machine = X86_MACHINE(qdev_get_machine());

    if (number >= IOAPIC_NUM_PINS) {
        error_setg(errp, "vmmio: irq=%u: this machine has the GSIs 0 to %u",
                   number, IOAPIC_NUM_PINS - 1);
        return NULL;
    }
    return machine->gsi[number];
}

/* Nothing in an x86 access's attributes tells user space from the kernel. */
uint8_t vmmio_board_access_flags(MemTxAttrs attrs)
{
    return attrs.secure ? VMMIO_FLAG_SECURE : 0;
}
