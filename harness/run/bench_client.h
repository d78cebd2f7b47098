/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows client.*: what the client library costs, and how fast its DMA is.
 *
 *     client.c.cpu      CPU time of a request that the library adds to bare recv() and send(),
 *                       which are the baseline
 *     client.dma.read   megabytes a second from the guest's memory to a handler and back, beside
 *     client.dma.write  what the same 64-byte packets reach over a raw socket, 1024 outstanding
 */
#ifndef VMBENCH_BENCH_CLIENT_H
#define VMBENCH_BENCH_CLIENT_H

#include "bench.h"

/*
 * Boot a Raspberry Pi 4 that leaves memory unused, then take turns, as often as `runs` says. The
 * medians become the rows. FALSE: any error of guest and programs.
 */
gboolean vmb_bench_client(VmbBench *bench, GError **error);

#endif
