/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest with ranges of the bench's own, each on an endpoint of its own. Main thread only. */
#ifndef VMBENCH_BENCH_GUEST_H
#define VMBENCH_BENCH_GUEST_H

#include "bench.h"
#include "guest.h"

/* A range. Number n of a guest's starts at vmb_bench_range_start(n). */
typedef struct {
    const char *id;
    const char *listen;     /* "unix" for a socket in the guest's directory, else an address */
    const char *properties; /* more of them, each after a comma */
} VmbBenchRange;

typedef struct {
    VmbGuestConfig *config;
    VmbGuest *guest;
    char *directory; /* of Unix sockets */
} VmbBenchGuest;

/*
 * Boot `machine` with `count` ranges and wait for its agent; `append` (may be NULL) goes to the
 * kernel's command line. NULL: as vmb_guest_start() and vmb_agent_link_wait_ready(). Free with
 * vmb_bench_guest_free(), which kills QEMU.
 */
VmbBenchGuest *vmb_bench_guest_start(const VmbBench *bench, const char *machine,
                                     const VmbBenchRange *ranges, gsize count, const char *append,
                                     GError **error);
void vmb_bench_guest_free(VmbBenchGuest *bench_guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbBenchGuest, vmb_bench_guest_free)

/* Guest-physical address of range number n. */
guint64 vmb_bench_range_start(gsize n);

#endif
