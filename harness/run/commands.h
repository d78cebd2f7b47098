/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmbench's subcommands. Each takes its own command line, argv[0] being its name, prints
 * what it does and returns the exit status: 0, a VmbErrorCode, or 128 + signal when interrupted.
 */
#ifndef VMBENCH_COMMANDS_H
#define VMBENCH_COMMANDS_H

#include <stdio.h>

#include "alarm.h"

int vmb_run_main(int argc, char **argv);
int vmb_list_main(int argc, char **argv);
int vmb_demo_main(int argc, char **argv);
int vmb_shell_main(int argc, char **argv);
int vmb_boot_main(int argc, char **argv);
int vmb_serve_main(int argc, char **argv);
int vmb_rootfs_main(int argc, char **argv);
int vmb_bench_main(int argc, char **argv);

/* The exit status that an error stands for. The alarm may be NULL. */
int vmb_exit_status(const GError *error, const VmbAlarm *alarm);

/* Print an error that belongs to no machine, as one line, and return its exit status. */
int vmb_fail(const GError *error, const VmbAlarm *alarm);

/*
 * Standard output as a stream for what another program reads. All else that is printed goes to
 * standard error from now on. NULL: standard output or standard error is closed.
 */
FILE *vmb_take_stdout(void);

#endif
