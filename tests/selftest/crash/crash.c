// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel module that breaks the kernel that loads it, as what=oops or what=hang says. */
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/smp.h>

static char *what = "";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "oops: write to address 0; hang: stop all CPUs with interrupts off");

static void spin(void *data)
{
    unsigned long flags;

    local_irq_save(flags);
    for (;;) {
        cpu_relax();
    }
}

static int __init crash(void)
{
    if (!strcmp(what, "oops")) {
        *(volatile int *)0 = 1;
    }
    if (!strcmp(what, "hang")) {
        smp_call_function(spin, NULL, 0);
        spin(NULL);
    }
    return -EINVAL;
}
module_init(crash);

MODULE_DESCRIPTION("Breaks the kernel, for tests of what is told about it");
MODULE_LICENSE("GPL");
