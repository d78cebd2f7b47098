/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the image asks init to do at boot. What fails is told on standard error, and boot goes on. */
#ifndef INIT_STARTUP_H
#define INIT_STARTUP_H

/* Name the guest as /etc/hostname says, if there is one. */
void startup_set_hostname(void);

/* Tell the kernel of /usr/sbin/modprobe when there is no /sbin/modprobe, where it looks by itself. */
void startup_name_modprobe(void);

/* Load the kernel modules that /etc/vmbench/modules lists, one "FILE PARAMETERS" a line. */
void startup_load_modules(void);

/* Run every executable file in /etc/vmbench/init.d to its end, in the order of their names. */
void startup_run_scripts(void);

/* Load /lib/modules/`file`. Returns 0, or a negative errno. */
int startup_load_module(const char *file, const char *parameters);

#endif
