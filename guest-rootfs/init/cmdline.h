/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the harness tells init on the kernel command line. */
#ifndef INIT_CMDLINE_H
#define INIT_CMDLINE_H

#include <stdbool.h>
#include <stdint.h>

struct boot_params {
    char results[32]; /* vmbench.results=TTY: the agent's line under /dev; "" when absent */
    uint64_t nonce;   /* vmbench.nonce=: 16 hexadecimal digits; 0 when absent */
    bool shell;       /* vmbench.shell=1: an interactive shell on the console */
};

/*
 * Read the parameters from the text of /proc/cmdline; the last of several equal ones wins, others
 * than ours are passed over. Returns NULL, or a static text that says what is wrong.
 */
const char *cmdline_parse(const char *text, struct boot_params *params);

#endif
