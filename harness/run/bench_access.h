/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows mmio.*: how long a guest's access takes, beside a raw ping-pong of the same kind. In
 * both the two ends are tied to a CPU each, or both to one (pin.h says why).
 */
#ifndef VMBENCH_BENCH_ACCESS_H
#define VMBENCH_BENCH_ACCESS_H

#include "bench.h"

/*
 * Boot a Raspberry Pi 4 with a range for each kind, then take turns: for each row a raw ping-pong
 * and a batch of accesses, as often as `runs` says. The medians become the rows. FALSE: any error
 * of guest, handler and programs.
 */
gboolean vmb_bench_access(VmbBench *bench, GError **error);

#endif
