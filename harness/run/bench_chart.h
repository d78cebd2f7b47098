/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench.html: where the time of a run goes, as a chart, and the table of all rows. */
#ifndef VMBENCH_BENCH_CHART_H
#define VMBENCH_BENCH_CHART_H

#include "bench.h"

/* In the order in which they are stacked; phases.gp names them. */
typedef enum {
    VMB_PHASE_VMBENCH, /* the harness's own start and end, QEMU's end */
    VMB_PHASE_PREPARE, /* finding the snapshot */
    VMB_PHASE_START,   /* QEMU's */
    VMB_PHASE_LOAD,    /* of its state */
    VMB_PHASE_AGENT,   /* until it answers */
    VMB_PHASE_BOOT,    /* instead of these four */
    VMB_PHASE_PROGRAM, /* the program, and what it printed */
    VMB_PHASES,
} VmbPhase;

/* Two machines, each restored from a snapshot and booted: the restored first. */
#define VMB_BARS 4

typedef struct {
    const char *title;
    double seconds[VMB_PHASES];
} VmbBar;

/*
 * Draw the VMB_BARS bars, with gnuplot, and write bench->page. FALSE: VMB_ERROR_SETUP, gnuplot is
 * missing or fails, or the page cannot be written.
 */
gboolean vmb_chart_write(const VmbBench *bench, const VmbBar *bars, GError **error);

#endif
