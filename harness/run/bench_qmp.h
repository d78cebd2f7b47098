/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The row qmp.latency.waiting: QMP stays awake while an access waits for its handler. */
#ifndef VMBENCH_BENCH_QMP_H
#define VMBENCH_BENCH_QMP_H

#include "bench.h"

/*
 * Boot a Raspberry Pi 4, ask QEMU questions over QMP, and again while a guest's read waits for a
 * handler that never answers. The median of the longest answers of each run becomes the row.
 * FALSE: any error of guest, handler and programs.
 */
gboolean vmb_bench_qmp(VmbBench *bench, GError **error);

#endif
