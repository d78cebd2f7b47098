/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU time of this process's descendants, by program. Main thread only. */
#ifndef VMBENCH_BENCH_CPU_H
#define VMBENCH_BENCH_CPU_H

#include <glib.h>

typedef struct VmbCpuWatch VmbCpuWatch;

/*
 * Look at /proc from now on, whenever the event loop runs, every 20 ms: what a process uses in its
 * last moments, and one that is gone before, is missed. Free with vmb_cpu_watch_free().
 */
VmbCpuWatch *vmb_cpu_watch_new(void);
void vmb_cpu_watch_free(VmbCpuWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbCpuWatch, vmb_cpu_watch_free)

/* Seconds so far, user's and kernel's, of those whose program's name begins with `prefix`. */
double vmb_cpu_watch_seconds(const VmbCpuWatch *watch, const char *prefix);

#endif
