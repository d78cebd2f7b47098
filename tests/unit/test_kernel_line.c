/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of Linux 6.1 as both guests print them, and lines that only look like it. */
#include "kernel_line.h"

#include "tap.h"

static const struct {
    const char *line;
    VmbKernelLine kind;
    const char *words;
} lines[] = {
    /* arm64 */
    {"[   12.345678] Unable to handle kernel paging request at virtual address ffff800008e3d000",
     VMB_KERNEL_OOPS,
     "Unable to handle kernel paging request at virtual address ffff800008e3d000"},
    {"[   12.345678] Internal error: Oops - BUG: 00000000f2000800 [#1] SMP", VMB_KERNEL_OOPS,
     "Internal error: Oops - BUG: 00000000f2000800 [#1] SMP"},
    {"[   12.345678] Internal error: synchronous external abort: 0000000096000050 [#1] SMP",
     VMB_KERNEL_OOPS, "Internal error: synchronous external abort: 0000000096000050 [#1] SMP"},
    {"[   12.345678] pc : f+0x10/0x1000 [mod]", VMB_KERNEL_WHERE, "f+0x10/0x1000 [mod]"},
    /* x86 */
    {"[    2.0] BUG: kernel NULL pointer dereference, address: 0000000000000008\r",
     VMB_KERNEL_OOPS, "BUG: kernel NULL pointer dereference, address: 0000000000000008"},
    {"\r[    2.0] BUG: unable to handle page fault for address: ffffffffc0000000", VMB_KERNEL_OOPS,
     "BUG: unable to handle page fault for address: ffffffffc0000000"},
    {"<4>[    2.0] Oops: 0002 [#1] PREEMPT SMP NOPTI", VMB_KERNEL_OOPS,
     "Oops: 0002 [#1] PREEMPT SMP NOPTI"},
    {"[    2.0] general protection fault, probably for non-canonical address 0x6b6b: 0000 [#1]",
     VMB_KERNEL_OOPS,
     "general protection fault, probably for non-canonical address 0x6b6b: 0000 [#1]"},
    {"[    2.0] invalid opcode: 0000 [#1] PREEMPT SMP", VMB_KERNEL_OOPS,
     "invalid opcode: 0000 [#1] PREEMPT SMP"},
    {"[    2.0] divide error: 0000 [#1] PREEMPT SMP", VMB_KERNEL_OOPS,
     "divide error: 0000 [#1] PREEMPT SMP"},
    {"[    2.0] RIP: 0010:f+0x5/0x1000 [mod]", VMB_KERNEL_WHERE, "f+0x5/0x1000 [mod]"},
    /* both */
    {"[    2.0][   T57] kernel BUG at mm/slub.c:305!", VMB_KERNEL_OOPS,
     "kernel BUG at mm/slub.c:305!"},
    {"[    2.0] rcu: INFO: rcu_sched self-detected stall on CPU", VMB_KERNEL_STUCK,
     "rcu: INFO: rcu_sched self-detected stall on CPU"},
    {"[    2.0] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", VMB_KERNEL_STUCK,
     "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"},
    {"[    2.0] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [insmod:57]", VMB_KERNEL_STUCK,
     "BUG: soft lockup - CPU#0 stuck for 26s! [insmod:57]"},
    {"[    2.0] watchdog: Watchdog detected hard LOCKUP on cpu 1", VMB_KERNEL_STUCK,
     "Watchdog detected hard LOCKUP on cpu 1"},
    {"[    2.0] INFO: task dd:57 blocked for more than 120 seconds.", VMB_KERNEL_STUCK,
     "INFO: task dd:57 blocked for more than 120 seconds."},
    {"[    2.0] Kernel panic - not syncing: Fatal exception", VMB_KERNEL_PANIC,
     "Kernel panic - not syncing: Fatal exception"},
    {"[    2.9] Initramfs unpacking failed: write error", VMB_KERNEL_NO_ROOM,
     "Initramfs unpacking failed: write error"},
    {"[    2.0] reboot: Restarting system", VMB_KERNEL_END, "reboot: Restarting system"},
    {"[    2.0] sysrq: Resetting", VMB_KERNEL_END, "sysrq: Resetting"},
    {"[    2.0] Reboot failed -- System halted", VMB_KERNEL_END, "Reboot failed -- System halted"},
    /* A program's fault, a warning, and words of no kernel. */
    {"[    2.0] traps: prog[57] general protection fault ip:401000 sp:7ff error:0 in prog",
     VMB_KERNEL_OTHER, NULL},
    {"[    2.0] traps: prog[57] trap divide error ip:401000 sp:7ff error:0", VMB_KERNEL_OTHER,
     NULL},
    {"[    2.0] prog[57]: segfault at 0 ip 0000000000401000 sp 00007ff error 4", VMB_KERNEL_OTHER,
     NULL},
    {"[    2.0] WARNING: CPU: 0 PID: 57 at kernel/x.c:1 f+0x1/0x2", VMB_KERNEL_OTHER, NULL},
    {"[    2.0] prog: Oops: not really", VMB_KERNEL_OTHER, NULL},
    {"Oops: 0002 [#1] PREEMPT SMP NOPTI", VMB_KERNEL_OTHER, NULL},
    {"/ # echo '[    2.0] Oops: 0002 [#1] SMP'", VMB_KERNEL_OTHER, NULL},
    {"Internal error: Oops: 96000044 [#1] SMP", VMB_KERNEL_OTHER, NULL},
    {"[    2.0] rcu: Hierarchical RCU implementation.", VMB_KERNEL_OTHER, NULL},
    {"[    2.0] INFO: task is done", VMB_KERNEL_OTHER, NULL},
    {"", VMB_KERNEL_OTHER, NULL},
};

START_TEST(a_line_is_judged)
{
    g_autofree char *words = NULL;

    ck_assert_int_eq(vmb_kernel_line_judge(lines[_i].line, &words), lines[_i].kind);
    ck_assert_pstr_eq(words, lines[_i].words);
}
END_TEST

START_TEST(words_are_valid_text)
{
    g_autofree char *words = NULL;

    ck_assert_int_eq(vmb_kernel_line_judge("[ 2.0] Oops: \377\376", &words), VMB_KERNEL_OOPS);
    ck_assert(g_utf8_validate(words, -1, NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel_line");
    TCase *cases = tcase_create("kernel_line");

    tcase_add_loop_test(cases, a_line_is_judged, 0, G_N_ELEMENTS(lines));
    tcase_add_test(cases, words_are_valid_text);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
