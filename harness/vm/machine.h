/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machines that the bench knows: what differs between them, as data. */
#ifndef VMBENCH_MACHINE_H
#define VMBENCH_MACHINE_H

#include <glib.h>

typedef struct {
    const char *name;         /* as in --machine */
    const char *title;        /* for people */
    const char *qemu_program; /* in QEMU_DIR/bin */
    const char *const *board; /* QEMU arguments that make the board, NULL-terminated */
    guint ram_mib;            /* unless another amount is asked for */
    gboolean ram_is_fixed;    /* the board takes no other */
    guint linux_mib;          /* of it Linux sees this, by the bench's device tree; 0: all */
    const char *tcg;          /* value of -accel without KVM */
    gboolean can_use_kvm;     /* the board runs under KVM on the host, which is an x86 one */
    const char *device_tree;  /* file in the machine's guest directory, NULL: none needed */
    const char *console;      /* Linux console= parameter */
    const char *linux_words;  /* other parameters of Linux, NULL: none */
    const char *results_tty;  /* the agent's serial line, as Linux names it in /dev */
    gboolean results_first;   /* the results line is the machine's first serial port */
    const char *power_module; /* the kernel's module that ends the guest, NULL: none is needed */
    const char *gdb_architecture; /* as gdb calls it */
    const char *network;      /* QEMU's name of a network card for it, with properties */
    gboolean bus_error_reads_ones; /* nobody is told of a bus error: a read brings all ones */
    guint irq;                /* an interrupt that nothing else in the machine uses */
} VmbMachine;

/* Every machine, in the order in which the demo runs them; *count becomes their number. */
const VmbMachine *vmb_machines(gsize *count);

/* NULL when there is no machine of that name. */
const VmbMachine *vmb_machine_find(const char *name);

#endif
