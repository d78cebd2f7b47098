/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accesses that a guest waits in: what its trace does not have yet. */
#ifndef VMBENCH_WAITING_H
#define VMBENCH_WAITING_H

#include "guest.h"
#include "scenario.h"

/*
 * One line for each range of the scenario in which a vCPU waits for longer than some 10 ms, in the form of
 * vmb_transcript_format(): it began so many seconds after `begin` (g_get_real_time()), has no value, and its
 * latency is its age, as long as the guest has run meanwhile. Under KVM QEMU does not know of them. What
 * cannot be asked is left out. Free with g_free().
 */
char *vmb_waiting_lines(VmbGuest *guest, const VmbScenario *scenario, gint64 begin);

#endif
