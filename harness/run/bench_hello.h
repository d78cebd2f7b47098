/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of `vmbench run hello`, one program in one guest.
 *
 *     run.snapshot.*  in a restored guest; baseline: in one that boots
 *     run.cold.*      in one that boots; baseline: QEMU's start to the agent's alone
 */
#ifndef VMBENCH_BENCH_HELLO_H
#define VMBENCH_BENCH_HELLO_H

#include "bench.h"

/*
 * Measure, as often as `runs` says, and write bench->page with a chart. FALSE: as vmb_time_run() and
 * vmb_chart_write(); any error of a guest.
 */
gboolean vmb_bench_hello(VmbBench *bench, GError **error);

#endif
