/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_line.h"

#include <string.h>

/* What the kernel puts before a line: a level (with printk prefixes on), the time, a caller. */
#define STAMP "^\\r*(<[0-9]+>)?\\[ *[0-9]+\\.[0-9]+\\](\\[[^]]*\\])? "

typedef struct {
    VmbKernelLine kind;
    const char *text;    /* looked for first: most lines are nothing of interest */
    const char *pattern; /* the whole line's beginning */
} Form;

static const Form forms[] = {
    /* The line that ends the report counts too: a shell's prompt may stand before the first. */
    {VMB_KERNEL_PANIC, "Kernel panic - not syncing",
     STAMP "(---\\[ end )?Kernel panic - not syncing"},
    {VMB_KERNEL_NO_ROOM, "Initramfs unpacking failed: ",
     STAMP "Initramfs unpacking failed: write error"},
    /* A Pi may stand still for ever after these. */
    {VMB_KERNEL_END, "reboot: ",
     STAMP "reboot: (Power down|System halted|Restarting system)"},
    {VMB_KERNEL_END, "Reboot failed -- ", STAMP "Reboot failed -- System halted"},
    {VMB_KERNEL_END, "sysrq: Resetting", STAMP "sysrq: Resetting"},
    /* arm64 */
    {VMB_KERNEL_OOPS, "Unable to handle kernel ", STAMP "Unable to handle kernel "},
    {VMB_KERNEL_OOPS, "Internal error: ", STAMP "Internal error: "},
    {VMB_KERNEL_WHERE, "pc : ", STAMP "pc : "},
    /* x86: faults of programs are printed as "traps: NAME[PID] ..." */
    {VMB_KERNEL_OOPS, "BUG: kernel NULL pointer", STAMP "BUG: kernel NULL pointer"},
    {VMB_KERNEL_OOPS, "BUG: unable to handle ", STAMP "BUG: unable to handle "},
    {VMB_KERNEL_OOPS, "Oops: ", STAMP "Oops: "},
    {VMB_KERNEL_OOPS, "general protection fault", STAMP "general protection fault[,:]"},
    {VMB_KERNEL_OOPS, "invalid opcode: ", STAMP "invalid opcode: "},
    {VMB_KERNEL_OOPS, "divide error: ", STAMP "divide error: "},
    {VMB_KERNEL_OOPS, "stack segment: ", STAMP "stack segment: "},
    {VMB_KERNEL_WHERE, "RIP: 0010:", STAMP "RIP: 0010:"},
    /* both */
    {VMB_KERNEL_OOPS, "kernel BUG at ", STAMP "kernel BUG at "},
    {VMB_KERNEL_STUCK, "rcu: INFO: rcu_", STAMP "rcu: INFO: rcu_[a-z_]+ (self-)?detected "},
    {VMB_KERNEL_STUCK, "BUG: soft lockup", STAMP "watchdog: BUG: soft lockup"},
    {VMB_KERNEL_STUCK, "Watchdog detected hard LOCKUP",
     STAMP "watchdog: Watchdog detected hard LOCKUP"},
    {VMB_KERNEL_STUCK, "INFO: task ", STAMP "INFO: task .* blocked for more than [0-9]+ seconds"},
};

VmbKernelLine vmb_kernel_line_judge(const char *line, char **words)
{
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        const char *at = strstr(line, forms[i].text);

        if (at != NULL && g_regex_match_simple(forms[i].pattern, line, G_REGEX_RAW, 0)) {
            gsize skip = forms[i].kind == VMB_KERNEL_WHERE ? strlen(forms[i].text) : 0;

            *words = g_strchomp(g_utf8_make_valid(at + skip, -1));
            return forms[i].kind;
        }
    }
    return VMB_KERNEL_OTHER;
}
