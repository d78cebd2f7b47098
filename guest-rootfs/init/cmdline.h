/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the harness tells init on the kernel command line. */
#ifndef INIT_CMDLINE_H
#define INIT_CMDLINE_H

#include <stdbool.h>

enum boot_shell {
    BOOT_SHELL_NONE,
    BOOT_SHELL_PLAIN, /* at once; its end is the end of the guest */
    BOOT_SHELL_LOGIN, /* behind a login prompt, again and again */
};

struct boot_params {
    char results[32]; /* vmbench.results=TTY: the agent's line under /dev; "" when absent */
    enum boot_shell shell; /* vmbench.shell=1 or login: an interactive shell on the console */
    char init[256];   /* vmbench.init=PATH: the init of the image, to become; "" when absent */
};

/*
 * Read the parameters from the text of /proc/cmdline; the last of several equal ones wins, others
 * than ours are passed over. Returns NULL, or a static text that says what is wrong.
 */
const char *cmdline_parse(const char *text, struct boot_params *params);

#endif
