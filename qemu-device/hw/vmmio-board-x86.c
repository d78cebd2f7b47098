/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "cpu.h"
#include "hw/i386/pc.h"
#include "hw/i386/x86.h"
#include "hw/ide/pci.h"
#include "hw/isa/isa.h"
#include "hw/southbridge/ich9.h"
#include "hw/southbridge/piix.h"
#include "hw/timer/hpet.h"
#include "vmmio-board.h"
#include "vmmio-irq-users.h"
#include "wire.h"

unsigned vmmio_board_phys_bits(void)
{
    return X86_CPU(first_cpu)->phys_bits;
}

/* microvm has a second I/O APIC behind the first. */
static unsigned count_gsis(const X86MachineState *machine)
{
    return machine->ioapic2 ? IO_APIC_SECONDARY_IRQBASE + IOAPIC_NUM_PINS : IOAPIC_NUM_PINS;
}

qemu_irq vmmio_board_irq(unsigned number, Error **errp)
{
    X86MachineState *machine = X86_MACHINE(qdev_get_machine());

    if (number >= count_gsis(machine)) {
        error_setg(errp, "vmmio: irq=%u: this machine has the GSIs 0 to %u",
                   number, count_gsis(machine) - 1);
        return NULL;
    }
    return machine->gsi[number];
}

/* QEMU's models of these drive a GSI without saying so in QOM. */
static const struct {
    const char *type; /* of the machine, or of a device that is there */
    uint64_t gsis;
    const char *user;
} reserved[] = {
    { TYPE_X86_MACHINE, BIT_ULL(0) | BIT_ULL(2), "the timer" },
    { TYPE_PC_MACHINE, BIT_ULL(8), "the real-time clock" },
    { TYPE_PC_MACHINE, BIT_ULL(9), "ACPI" },
    { TYPE_PC_MACHINE, BIT_ULL(13), "the FPU" },
    { TYPE_PCI_IDE, BIT_ULL(14) | BIT_ULL(15), "IDE" },
    /* The firmware routes PCI's pins to 10 and 11; 5 is the guest's other choice. */
    { TYPE_PIIX_PCI_DEVICE, BIT_ULL(5) | BIT_ULL(10) | BIT_ULL(11), "PCI" },
    { TYPE_ICH9_LPC_DEVICE, BIT_ULL(5) | BIT_ULL(10) | BIT_ULL(11) | MAKE_64BIT_MASK(16, 8),
      "PCI" },
};

static bool is_there(const char *type)
{
    bool several = false;

    return object_dynamic_cast(qdev_get_machine(), type) ||
           object_resolve_path_type("", type, &several) || several;
}

typedef struct {
    unsigned number;
    Object *user;
} IsaSearch;

/* An ISA device that drives its interrupt directly has the number as a property. */
static int visit_isa_device(Object *obj, void *opaque)
{
    IsaSearch *search = opaque;

    if (object_dynamic_cast(obj, TYPE_ISA_DEVICE) && object_property_find(obj, "irq") &&
        object_property_get_uint(obj, "irq", NULL) == search->number) {
        search->user = obj;
    }
    return 0;
}

char *vmmio_board_irq_reserved(unsigned number)
{
    IsaSearch search = { .number = number };

    for (unsigned i = 0; i < ARRAY_SIZE(reserved); i++) {
        if ((reserved[i].gsis >> number & 1) && is_there(reserved[i].type)) {
            return g_strdup(reserved[i].user);
        }
    }
    object_child_foreach_recursive(object_get_root(), visit_isa_device, &search);
    return search.user ? vmmio_irq_user_name(search.user) : NULL;
}

/* Two sources on one GSI would undo each other: QEMU has no OR gate there. */
bool vmmio_board_shares_irqs(void)
{
    return false;
}

/* The HPET raises a GSI only when the guest routes a timer there, which Linux does not. */
bool vmmio_board_drives_every_irq(Object *dev)
{
    return object_dynamic_cast(dev, TYPE_HPET);
}

/* Nothing in an x86 access's attributes tells user space from the kernel. */
uint8_t vmmio_board_access_flags(MemTxAttrs attrs)
{
    return attrs.secure ? VMMIO_FLAG_SECURE : 0;
}
