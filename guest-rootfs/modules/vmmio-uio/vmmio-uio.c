/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives a vMMIO range and its first interrupt to user space as /dev/uioN.
 *
 *     insmod vmmio-uio.ko                          ranges that the device tree describes
 *     insmod vmmio-uio.ko gsi=16 [start=0xfef00000] [size=0x1000]    x86: one range
 *
 * mmap() at offset 0 is the range. A read() of 4 bytes waits for an interrupt and
 * brings the number of all so far. The line is a level, so an interrupt comes masked:
 * quiet the device, then write() a 4-byte 1 to be told of the next (0: mask it).
 * Needs Debian's uio.ko.
 */
#include <linux/acpi.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>
#include <linux/uio_driver.h>

static ulong start = 0xfef00000;
module_param(start, ulong, 0444);
MODULE_PARM_DESC(start, "physical address of the range");

static ulong size = 0x1000;
module_param(size, ulong, 0444);
MODULE_PARM_DESC(size, "bytes");

static int gsi = -1;
module_param(gsi, int, 0444);
MODULE_PARM_DESC(gsi, "global system interrupt of a range that nothing describes");

/* One range. `lock` keeps the mask flag and the interrupt controller in step. */
struct vmmio_uio {
    struct uio_info info;
    spinlock_t lock;
    bool masked;
};

/* The level stays until user space has dealt with it. */
static irqreturn_t on_interrupt(int irq, struct uio_info *info)
{
    struct vmmio_uio *range = info->priv;

    spin_lock(&range->lock);
    if (!range->masked) {
        range->masked = true;
        disable_irq_nosync(irq);
    }
    spin_unlock(&range->lock);
    return IRQ_HANDLED;
}

static int set_unmasked(struct uio_info *info, s32 unmasked)
{
    struct vmmio_uio *range = info->priv;
    unsigned long flags;

    spin_lock_irqsave(&range->lock, flags);
    if (unmasked && range->masked) {
        range->masked = false;
        enable_irq(info->irq);
    } else if (!unmasked && !range->masked) {
        range->masked = true;
        disable_irq_nosync(info->irq);
    }
    spin_unlock_irqrestore(&range->lock, flags);
    return 0;
}

static int probe(struct platform_device *device)
{
    struct resource *window = platform_get_resource(device, IORESOURCE_MEM, 0);
    struct vmmio_uio *range = devm_kzalloc(&device->dev, sizeof(*range), GFP_KERNEL);
    int irq = platform_get_irq(device, 0);

    if (!range) {
        return -ENOMEM;
    }
    if (!window || irq < 0) {
        return window ? irq : -ENODEV;
    }
    /*
     * Mask at the interrupt controller and at once: Linux would only note it, and a second
     * interrupt, latched by another CPU while the line was still high, would come after the
     * line is low and the interrupt unmasked.
     */
    irq_set_status_flags(irq, IRQ_DISABLE_UNLAZY);
    spin_lock_init(&range->lock);
    range->info = (struct uio_info){
        .name = "vmmio",
        .version = "1",
        .priv = range,
        .irq = irq,
        .handler = on_interrupt,
        .irqcontrol = set_unmasked,
    };
    range->info.mem[0] = (struct uio_mem){
        .name = "range",
        .addr = window->start,
        .size = resource_size(window),
        .memtype = UIO_MEM_PHYS,
    };
    return devm_uio_register_device(&device->dev, &range->info);
}

static const struct of_device_id described[] = {
    { .compatible = "vmmio-bench,range" },
    {},
};
MODULE_DEVICE_TABLE(of, described);

static struct platform_driver driver = {
    .probe = probe,
    .driver = { .name = "vmmio-uio", .of_match_table = described },
};

#ifdef CONFIG_ACPI
static int irq_of_gsi(void)
{
    return acpi_register_gsi(NULL, gsi, ACPI_LEVEL_SENSITIVE, ACPI_ACTIVE_HIGH);
}
#else
static int irq_of_gsi(void)
{
    return -ENODEV;
}
#endif

/* On a PC nothing tells the kernel of the range: the module's parameters do. */
static struct platform_device *add_device(void)
{
    int irq = irq_of_gsi();
    struct resource resources[] = {
        DEFINE_RES_MEM(start, size),
        DEFINE_RES_IRQ(irq),
    };

    if (irq < 0) {
        return ERR_PTR(irq);
    }
    return platform_device_register_simple("vmmio-uio", PLATFORM_DEVID_NONE, resources,
                                           ARRAY_SIZE(resources));
}

static struct platform_device *added;

static int __init vmmio_uio_init(void)
{
    int error = platform_driver_register(&driver);

    if (error || gsi < 0) {
        return error;
    }
    added = add_device();
    if (IS_ERR(added)) {
        platform_driver_unregister(&driver);
        return PTR_ERR(added);
    }
    return 0;
}

static void __exit vmmio_uio_exit(void)
{
    if (added) {
        platform_device_unregister(added);
    }
    platform_driver_unregister(&driver);
}

module_init(vmmio_uio_init);
module_exit(vmmio_uio_exit);
MODULE_DESCRIPTION("vMMIO ranges for user space");
MODULE_LICENSE("GPL");
