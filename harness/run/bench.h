/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of `vmbench bench` work with. Each is a group of rows. */
#ifndef VMBENCH_BENCH_H
#define VMBENCH_BENCH_H

#include "alarm.h"
#include "bench_rows.h"
#include "settings.h"

typedef struct {
    const VmbSettings *settings;
    char *log_dir; /* exists */
    char *page;    /* HTML file, see bench_chart.h */
    gint runs;     /* that a median is of */
    VmbAlarm *alarm;
    VmbRows *rows; /* where a group puts its results */
} VmbBench;

/* Say on the screen what is measured now, and for the how manieth time (from 0 on). */
void vmb_bench_progress(const VmbBench *bench, const char *what, gint run);

#endif
