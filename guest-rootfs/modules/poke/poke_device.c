/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "poke_device.h"

#include <linux/device.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sched/signal.h>

#include "poke_registers.h"

static uint timeout_ms = 10000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "how long the device may take for a write");

/* ---- The end of a poke ---- */

static bool is_busy(struct poke *poke)
{
    return smp_load_acquire(&poke->busy); /* before `result` is read */
}

/*
 * True when a poke has ended. The device that was started may be gone, and another one in its place
 * that knows of no poke; and a poke that ends may be one of this module before it was removed and
 * loaded again.
 */
static bool take_end(struct poke *poke)
{
    unsigned long flags;
    u32 status;
    bool ended;

    spin_lock_irqsave(&poke->lock, flags);
    status = readl(poke->registers + POKE_REG_STATUS);
    ended = status == POKE_DONE || status == POKE_FAILED;
    if (ended) {
        writel(POKE_RESET, poke->registers + POKE_REG_COMMAND); /* the line goes low */
    }
    if (poke->busy && status != POKE_BUSY) {
        poke->result = status == POKE_DONE ? 0 : -EIO;
        smp_store_release(&poke->busy, false);
        ended = true;
    }
    spin_unlock_irqrestore(&poke->lock, flags);
    return ended;
}

irqreturn_t poke_interrupt(int irq, void *poke)
{
    if (!take_end(poke)) {
        return IRQ_NONE;
    }
    wake_up(&((struct poke *)poke)->ended);
    return IRQ_HANDLED;
}

/* Nobody waits any more. Returns the result: `error`, unless it has ended just now. */
static int give_up(struct poke *poke, int error)
{
    unsigned long flags;

    spin_lock_irqsave(&poke->lock, flags);
    if (poke->busy) {
        writel(POKE_RESET, poke->registers + POKE_REG_COMMAND);
        poke->busy = false;
        poke->result = error;
    }
    spin_unlock_irqrestore(&poke->lock, flags);
    return poke->result;
}

/*
 * With an interrupt the nap is only for what has none: a device that has gone away. EINTR and not
 * a restart of the write: the device may have done its work, and would do it twice.
 */
static int wait_end(struct poke *poke, unsigned long deadline)
{
    long nap = poke->has_irq ? HZ : 1;

    for (;;) {
        long left = wait_event_interruptible_timeout(poke->ended, !is_busy(poke), nap);

        if (left < 0) {
            return give_up(poke, -EINTR);
        }
        if (left > 0 || take_end(poke)) {
            return poke->result;
        }
        if (time_after(jiffies, deadline)) {
            dev_err_ratelimited(poke->device, "the device does not get ready\n");
            return give_up(poke, -ETIMEDOUT);
        }
    }
}

/* ---- Its beginning ---- */

static int find_device(struct poke *poke)
{
    u32 id = readl(poke->registers + POKE_REG_ID);

    if (id == POKE_ID) {
        return 0;
    }
    dev_err_ratelimited(poke->device,
                        "no poke device: its ID reads %#x: start vmmio-poke-outside\n", id);
    return -ENODEV;
}

static int lock_device(struct poke *poke, bool wait)
{
    if (wait) {
        return mutex_lock_interruptible(&poke->writing) ? -ERESTARTSYS : 0;
    }
    return mutex_trylock(&poke->writing) ? 0 : -EAGAIN;
}

/* Each store waits for the device, which may be slow or stopped. */
static int may_go_on(unsigned long deadline)
{
    cond_resched();
    if (signal_pending(current)) {
        return -EINTR;
    }
    return time_after(jiffies, deadline) ? -ETIMEDOUT : 0;
}

static int send_text(struct poke *poke, const u8 *text, size_t length, unsigned long deadline)
{
    void __iomem *data = poke->registers + POKE_REG_DATA;
    int error = 0;

    writel(POKE_RESET, poke->registers + POKE_REG_COMMAND);
    while (length > 0 && !error) {
        size_t step = length >= 8 ? 8 : 1;

        if (step == 8) {
            writeq(le64_to_cpup((const __le64 *)text), data);
        } else {
            writeb(*text, data);
        }
        text += step;
        length -= step;
        error = may_go_on(deadline);
    }
    return error;
}

static void start_device(struct poke *poke)
{
    unsigned long flags;

    spin_lock_irqsave(&poke->lock, flags);
    poke->busy = true;
    writel(poke->has_irq ? POKE_START_IRQ : POKE_START, poke->registers + POKE_REG_COMMAND);
    spin_unlock_irqrestore(&poke->lock, flags);
}

static int poke_locked(struct poke *poke, const u8 *text, size_t length, bool wait)
{
    unsigned long deadline = jiffies + msecs_to_jiffies(timeout_ms);
    int error = find_device(poke);

    if (error) {
        return error; /* STATUS of a stranger may be a bus error */
    }
    take_end(poke);
    if (is_busy(poke)) {
        error = wait ? wait_end(poke, deadline) : -EAGAIN;
        if (error == -EINTR || error == -EAGAIN) {
            return error;
        }
    }
    error = find_device(poke) ?: send_text(poke, text, length, deadline);
    if (error) {
        return error;
    }
    start_device(poke);
    return wait ? wait_end(poke, deadline) : 0;
}

int poke_text(struct poke *poke, const u8 *text, size_t length, bool wait)
{
    int error = lock_device(poke, wait);

    if (!error) {
        error = poke_locked(poke, text, length, wait);
        mutex_unlock(&poke->writing);
    }
    return error;
}

void poke_device_init(struct poke *poke, struct device *device, void __iomem *registers)
{
    *poke = (struct poke){ .device = device, .registers = registers };
    mutex_init(&poke->writing);
    init_waitqueue_head(&poke->ended);
    spin_lock_init(&poke->lock);
}
