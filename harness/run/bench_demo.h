/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The demo as its user sees it: a process of its own, timed from outside. */
#ifndef VMBENCH_BENCH_DEMO_H
#define VMBENCH_BENCH_DEMO_H

#include "alarm.h"
#include "settings.h"

typedef struct {
    double boot_raspi4b; /* seconds from QEMU's start to the end of the first inside run */
    double boot_x86;
    double total;    /* seconds from the start of `vmbench demo` to its end */
    double rss_mib;  /* its peak resident set */
} VmbDemoTimes;

/*
 * Run the demo on all machines once, with the same settings. log_dir must exist. FALSE: it failed
 * (VMB_ERROR_SETUP, with its last words) or the alarm's error.
 */
gboolean vmb_time_demo(const VmbSettings *settings, const char *log_dir, VmbAlarm *alarm,
                       VmbDemoTimes *times, GError **error);

#endif
