/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vmbench run` as its user sees it: a process of its own, timed from outside. Main thread only. */
#ifndef VMBENCH_BENCH_RUN_H
#define VMBENCH_BENCH_RUN_H

#include "bench.h"
#include "bench_chart.h"

/*
 * Run it with the bench's settings and `options` (ends with NULL). `cache` is where it has its
 * snapshots, NULL: where they always are. *seconds is from its start to its exit. With `phases`, of
 * VMB_PHASES numbers, also where these went, for one that runs a single test. FALSE:
 * VMB_ERROR_SETUP, it failed (with its log), or the alarm's error.
 */
gboolean vmb_time_run(const VmbBench *bench, const char *const *options, const char *cache,
                      double *seconds, double *phases, GError **error);

#endif
