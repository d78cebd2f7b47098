/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.h"

#include <string.h>

static const char *const raspi4b_board[] = {"-M", "raspi4b", NULL};
/* -cpu max: all that the accelerator in use has. */
static const char *const x86_board[] = {"-M", "pc", "-cpu", "max", NULL};

static const VmbMachine machines[] = {
    {
        .name = "raspi4b",
        .title = "Raspberry Pi 4",
        .qemu_program = "qemu-system-aarch64",
        .board = raspi4b_board,
        .ram_mib = 2048,
        .ram_is_fixed = TRUE,
        .linux_mib = 960,
        /* With a thread for each CPU three of them spin in the boot stub: 20 times slower. */
        .tcg = "tcg,thread=single",
        .can_use_kvm = FALSE,
        .device_tree = "bcm2711-rpi-4-b.dtb",
        .console = "ttyS1,115200",
        .results_tty = "ttyAMA0",
        .results_first = TRUE,
        .power_module = "bcm2835_wdt",
        .gdb_architecture = "aarch64",
        .network = "usb-net",
        .irq = 177,
    },
    {
        .name = "x86",
        .title = "x86 PC",
        .qemu_program = "qemu-system-x86_64",
        .board = x86_board,
        .ram_mib = 256,
        .tcg = "tcg",
        .can_use_kvm = TRUE,
        .console = "ttyS0,115200",
        /*
         * Linux measures whether timer interrupts come, and panics when QEMU, on a busy host, was
         * not given the time to make some.
         */
        .linux_words = "no_timer_check",
        .results_tty = "ttyS1",
        .results_first = FALSE,
        .gdb_architecture = "i386:x86-64",
        .network = "virtio-net-pci,romfile=",
        .bus_error_reads_ones = TRUE,
        .irq = 16,
    },
};

const VmbMachine *vmb_machines(gsize *count)
{
    *count = G_N_ELEMENTS(machines);
    return machines;
}

const VmbMachine *vmb_machine_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(machines); i++) {
        if (strcmp(machines[i].name, name) == 0) {
            return &machines[i];
        }
    }
    return NULL;
}
