/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measuring programs: each prints a number on a line, or several, of which the median counts.
 * Main thread only.
 */
#ifndef VMBENCH_BENCH_NUMBERS_H
#define VMBENCH_BENCH_NUMBERS_H

#include "bench.h"
#include "guest.h"

/*
 * Run a program on the host, or on the guest's PATH, and append the median of what it printed times
 * `scale` to `values`, an array of double. FALSE: VMB_ERROR_PROGRAM_FAILED, it failed or printed
 * something else; or as vmb_process_start() and vmb_program_run().
 */
gboolean vmb_number_outside(const VmbBench *bench, const char *const *argv, double scale,
                            GArray *values, GError **error);
gboolean vmb_number_inside(VmbGuest *guest, const char *const *argv, double scale, GArray *values,
                           GError **error);

#endif
