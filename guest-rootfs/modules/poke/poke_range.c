/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module poke, /dev/poke: a write hands its bytes to the device behind a vMMIO range, and
 * returns when the device has dealt with them. docs/poke.md tells the story.
 *
 *     insmod poke.ko              the Pi: the device tree tells the range's interrupt
 *     insmod poke.ko gsi=16       x86: parameters do; without gsi= there is no interrupt
 *     insmod poke.ko polled=1     do not use the interrupt, ask the device for the end
 *
 * This file finds the range; poke_node.c is /dev/poke, poke_device.c talks to the device.
 */
#include <linux/acpi.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>

#include "poke_device.h"
#include "poke_node.h"

static ulong start = 0xfef00000;
module_param(start, ulong, 0444);
MODULE_PARM_DESC(start, "physical address of the range");

static int gsi = -1;
module_param(gsi, int, 0444);
MODULE_PARM_DESC(gsi, "x86: global system interrupt of the range");

static bool polled;
module_param(polled, bool, 0444);
MODULE_PARM_DESC(polled, "do not use the interrupt");

/* A range without an interrupt is asked for the end of each poke. */
static int use_interrupt(struct poke *poke, struct platform_device *device)
{
    int irq = polled ? -ENXIO : platform_get_irq_optional(device, 0);
    int error;

    if (irq < 0) {
        return irq == -ENXIO ? 0 : irq;
    }
    error = devm_request_irq(&device->dev, irq, poke_interrupt, 0, "poke", poke);
    if (error) {
        dev_err(&device->dev, "cannot have interrupt %d: does another module use it?\n", irq);
        return error;
    }
    poke->has_irq = true;
    return 0;
}

static int set_up(struct platform_device *device)
{
    void __iomem *registers = devm_platform_ioremap_resource(device, 0);
    struct poke *poke = devm_kzalloc(&device->dev, sizeof(*poke), GFP_KERNEL);
    int error;

    if (IS_ERR(registers) || !poke) {
        return poke ? PTR_ERR(registers) : -ENOMEM;
    }
    poke_device_init(poke, &device->dev, registers);
    error = use_interrupt(poke, device);
    return error ?: poke_node_add(poke);
}

/* The driver core keeps this to itself; insmod is to fail with it. */
static int probed = -ENODEV;

/* The other ranges are other drivers'. */
static int probe(struct platform_device *device)
{
    struct resource *window = platform_get_resource(device, IORESOURCE_MEM, 0);

    if (!window || window->start != start) {
        return -ENODEV;
    }
    probed = set_up(device);
    return probed;
}

/* In no table of modules: the range is any driver's, and this one is loaded on purpose. */
static const struct of_device_id described[] = {
    { .compatible = "vmmio-bench,range" },
    {},
};

/* Not to be unbound while a file is open: rmmod sees to that, sysfs would not. */
static struct platform_driver driver = {
    .probe = probe,
    .driver = {
        .name = "poke",
        .of_match_table = described,
        .suppress_bind_attrs = true,
    },
};

static struct platform_device *added;

#ifdef CONFIG_X86
static int irq_of_gsi(void)
{
    return acpi_register_gsi(NULL, gsi, ACPI_LEVEL_SENSITIVE, ACPI_ACTIVE_HIGH);
}

static void forget_gsi(void)
{
    if (gsi >= 0) {
        acpi_unregister_gsi(gsi);
    }
}
#else
static int irq_of_gsi(void)
{
    return -EINVAL; /* the device tree tells it */
}

static void forget_gsi(void)
{
}
#endif

/* On a PC nothing tells the kernel of the range: the module's parameters do. */
static int add_device(void)
{
    int irq = gsi >= 0 ? irq_of_gsi() : 0;
    struct resource resources[] = {
        DEFINE_RES_MEM(start, PAGE_SIZE),
        DEFINE_RES_IRQ(irq),
    };

    if (irq < 0) {
        pr_err("poke: gsi=%d: the interrupt cannot be had by that number here\n", gsi);
        return irq;
    }
    added = platform_device_register_simple("poke", PLATFORM_DEVID_NONE, resources,
                                            gsi >= 0 ? 2 : 1);
    if (IS_ERR(added)) {
        forget_gsi();
    }
    return PTR_ERR_OR_ZERO(added);
}

static void remove_device(void)
{
    if (!IS_ERR_OR_NULL(added)) {
        platform_device_unregister(added);
        forget_gsi();
    }
}

static int __init poke_init(void)
{
    int error = platform_driver_register(&driver);

    if (error) {
        return error;
    }
    if (!of_have_populated_dt() || gsi >= 0) {
        error = add_device();
    }
    error = error ?: probed;
    if (error) {
        pr_err("poke: cannot have the range at %#lx: is it there, and no other module's?\n", start);
        remove_device();
        platform_driver_unregister(&driver);
    }
    return error;
}

static void __exit poke_exit(void)
{
    remove_device();
    platform_driver_unregister(&driver);
}

module_init(poke_init);
module_exit(poke_exit);
MODULE_DESCRIPTION("/dev/poke, the worked example of docs/poke.md");
MODULE_LICENSE("GPL");
