/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "cpu.h"
#include "internals.h"
#include "hw/qdev-core.h"
#include "hw/intc/arm_gic_common.h"
#include "hw/intc/arm_gicv3_common.h"
#include "vmmio-board.h"
#include "wire.h"

/* The first inputs of a GIC are private to a CPU; "num-irq" counts them too. */
#define GIC_PRIVATE_INPUTS 32

unsigned vmmio_board_phys_bits(void)
{
    return arm_pamax(ARM_CPU(first_cpu));
}

static Object *find_gic(void)
{
    Object *gic = object_resolve_path_type("", TYPE_ARM_GIC_COMMON, NULL);

    return gic ? gic : object_resolve_path_type("", TYPE_ARM_GICV3_COMMON, NULL);
}

/*
 * By QOM path, not with qdev_get_gpio_in(): the raspi4b board passes the GIC's
 * list of inputs on to another device, which leaves the GIC's own list empty.
 */
static qemu_irq gic_input(Object *gic, unsigned spi)
{
    g_autofree char *name = g_strdup_printf("unnamed-gpio-in[%u]", spi);

    return IRQ(object_resolve_path_component(gic, name));
}

qemu_irq vmmio_board_irq(unsigned number, Error **errp)
{
    Object *gic = find_gic();
    unsigned spis;

    if (!gic) {
        error_setg(errp, "vmmio: irq=%u: this machine has no GIC", number);
        return NULL;
    }
    spis = object_property_get_uint(gic, "num-irq", &error_abort) - GIC_PRIVATE_INPUTS;
    if (number >= spis) {
        error_setg(errp, "vmmio: irq=%u: the GIC of this machine has the SPIs 0 to %u",
                   number, spis - 1);
        return NULL;
    }
    return gic_input(gic, number);
}

bool vmmio_board_shares_irqs(void)
{
    return true;
}

char *vmmio_board_irq_reserved(unsigned number)
{
    return NULL;
}

bool vmmio_board_drives_every_irq(Object *dev)
{
    return false;
}

uint8_t vmmio_board_access_flags(MemTxAttrs attrs)
{
    return (attrs.secure ? VMMIO_FLAG_SECURE : 0) | (attrs.user ? 0 : VMMIO_FLAG_PRIV);
}
