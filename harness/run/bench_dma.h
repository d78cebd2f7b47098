/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows dma.*: requests a second that a client gets through a connection to the device, beside
 * the same stream of packets over a raw socket. Both over TCP, the two ends tied to a CPU each.
 */
#ifndef VMBENCH_BENCH_DMA_H
#define VMBENCH_BENCH_DMA_H

#include "bench.h"

/*
 * Boot a Raspberry Pi 4 that leaves memory unused, then take turns: for each row the raw stream and
 * DMA into that memory, as often as `runs` says. The medians become the rows. FALSE: any error
 * of guest and programs.
 */
gboolean vmb_bench_dma(VmbBench *bench, GError **error);

#endif
