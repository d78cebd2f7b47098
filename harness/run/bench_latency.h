/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a guest's access takes, beside a raw ping-pong in the same minutes. In both the
 * two ends are tied to a CPU each (pin.h says why).
 */
#ifndef VMBENCH_BENCH_LATENCY_H
#define VMBENCH_BENCH_LATENCY_H

#include "alarm.h"
#include "settings.h"

typedef struct {
    double guest_us; /* a read by the guest that a handler on TCP answers */
    double raw_us;   /* 64 bytes to and fro between two processes over TCP */
} VmbLatency;

/*
 * Boot `machine`, then take turns: a raw ping-pong, a batch of guest reads, `runs` times. The
 * result are the medians. log_dir must exist. FALSE: any error of guest, handler and programs.
 */
gboolean vmb_measure_latency(const VmbSettings *settings, const VmbMachine *machine,
                             const char *log_dir, guint runs, VmbAlarm *alarm, VmbLatency *latency,
                             GError **error);

#endif
