/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the image builder takes. */
#ifndef VMBENCH_BENCH_ROOTFS_H
#define VMBENCH_BENCH_ROOTFS_H

#include "bench.h"

/*
 * rootfs.build: a whole image of x86 from what the build has made, beside a plain copy of that
 * image. rootfs.append: what `vmbench boot --add` does before it boots, beside a copy of the image
 * with the program behind it. FALSE: an error of the builder, or VMB_ERROR_SETUP.
 */
gboolean vmb_bench_rootfs(VmbBench *bench, GError **error);

#endif
