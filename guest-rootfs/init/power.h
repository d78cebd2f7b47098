/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's end: what poweroff, halt and reboot of the guest's shell come to. */
#ifndef INIT_POWER_H
#define INIT_POWER_H

/*
 * Load the driver that powers a Pi off and resets it, which Debian's kernel has as a module.
 * Machines without it need none: x86 has ACPI. Says on standard error when that fails.
 */
void power_load_driver(void);

/*
 * From now on take the signals with which busybox asks PID 1 for the guest's end: SIGTERM
 * (reboot), SIGUSR1 (halt), SIGUSR2 (poweroff).
 */
void power_catch_signals(void);

/* Power the machine off; what is mounted is synced first. Returns only when the kernel refuses. */
void power_off(void);

#endif
