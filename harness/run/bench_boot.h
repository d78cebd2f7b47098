/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows boot.*.ranges8: what eight idle ranges cost at boot, beside one. */
#ifndef VMBENCH_BENCH_BOOT_H
#define VMBENCH_BENCH_BOOT_H

#include "bench.h"

/*
 * Boot each machine with one range and with eight, in turns, three times as often as `runs` says.
 * The medians of the seconds from QEMU's start to the agent's become the rows. FALSE: any error of a
 * guest.
 */
gboolean vmb_bench_boot(VmbBench *bench, GError **error);

#endif
