/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tie threads to CPUs. A latency measured on threads that the scheduler places is one of
 * two figures, about tenfold apart, by whether both ends happen to share a CPU.
 */
#ifndef VMBENCH_PIN_H
#define VMBENCH_PIN_H

#include <sys/types.h>

#include "error.h"

/* CPU numbers for the two ends of an exchange; equal on a machine with one CPU. */
typedef struct {
    int near_end;
    int far_end;
} VmbCpuPair;

/* The first two CPUs that this process may use. */
VmbCpuPair vmb_cpu_pair(void);

/* Tie a thread (a process id: its first one). FALSE: VMB_ERROR_SETUP, it has ended. */
gboolean vmb_pin(pid_t thread, int cpu, GError **error);

/* Tie all threads that a process has now. FALSE: VMB_ERROR_SETUP, the process has ended. */
gboolean vmb_pin_all(pid_t process, int cpu, GError **error);

#endif
