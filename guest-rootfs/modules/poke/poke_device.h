/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver's side of the device that poke_registers.h describes. The interrupt is the second
 * step: without one all works too, and the device is asked again and again.
 */
#ifndef POKE_DEVICE_H
#define POKE_DEVICE_H

#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

/* Filled by poke_device_init(), then `has_irq` by who requests the interrupt. */
struct poke {
    struct device *device;
    void __iomem *registers;
    bool has_irq;         /* poke_interrupt() is called when line 0 is high */
    struct mutex writing; /* held by the one write that uses the device */
    wait_queue_head_t ended;
    spinlock_t lock; /* guards the rest, which the interrupt changes too */
    bool busy;       /* a poke is under way */
    int result;      /* of the last one: 0, or a negative errno */
};

/* `registers` are the device's; `device` is whose name its messages bear. Both are borrowed. */
void poke_device_init(struct poke *poke, struct device *device, void __iomem *registers);

/* For request_irq(), with the struct poke. */
irqreturn_t poke_interrupt(int irq, void *poke);

/*
 * Hand the device `length` bytes, 0 to POKE_TEXT_MAX, which are aligned to 8, and wait until it has
 * dealt with them; without `wait` only until it has them, and what comes of it nobody is told.
 * Sleeps; calls from several processes take turns. Returns 0 or
 *
 *     -ENODEV       there is no such device behind the range; said in the kernel's log too
 *     -EIO          the device failed, or has gone away
 *     -ETIMEDOUT    it took longer than the parameter timeout_ms
 *     -EINTR        a signal came first, and the device was told to stop
 *     -ERESTARTSYS  a signal came, and the device has got nothing yet
 *     -EAGAIN       without `wait`: another poke is under way
 */
int poke_text(struct poke *poke, const u8 *text, size_t length, bool wait);

#endif
