/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of many tests in one run.
 *
 *     shared.100   100 tests in one guest
 *     suite.total  the project's scenarios on both machines, without any snapshot as on a runner of
 *                  CI; baseline: with snapshots
 *     harness.cpu  CPU time of vmbench in percent of QEMU's, in the latter with snapshots
 */
#ifndef VMBENCH_BENCH_SUITE_H
#define VMBENCH_BENCH_SUITE_H

#include "bench.h"

/* Measure, as often as `runs` says. FALSE: as vmb_time_run(). */
gboolean vmb_bench_suite(VmbBench *bench, GError **error);

#endif
