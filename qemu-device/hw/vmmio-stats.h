/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a range and its endpoint have counted, and the form in which QMP shows
 * it (VmmioStats of vmmio.json). Counting costs a few instructions: no clock,
 * no lock, no allocation.
 */
#ifndef HW_MISC_VMMIO_STATS_H
#define HW_MISC_VMMIO_STATS_H

#include "qemu/atomic.h"
#include "qemu/host-utils.h"

#define VMMIO_LATENCY_BUCKETS 64

/* Of qapi/qapi-types-vmmio.h, which users of the counters alone need not include. */
typedef struct VmmioStats VmmioStats;

/* Counters of one range. Zero at start; guarded by the BQL. */
typedef struct VmmioRangeStats {
    uint64_t reads;  /* accesses, however they ended */
    uint64_t writes;
    uint64_t bytes;  /* of both */
    uint64_t errors; /* answered with the error bit */
    uint64_t timeouts;
    uint64_t lost;      /* the connection closed during the access */
    uint64_t unclaimed; /* no handler was asked */

    /* Of answered accesses, in ns. */
    uint64_t answered;
    uint64_t latency_min;
    uint64_t latency_max;
    uint64_t latency_sum;
    uint64_t histogram[VMMIO_LATENCY_BUCKETS]; /* [i]: from 2^i to 2^(i+1) - 1; 0 in [0] */
} VmmioRangeStats;

/*
 * Counters of one connection, or of an endpoint: of all its connections since
 * start. One thread at a time counts each, any thread may read meanwhile: so it
 * takes no locked instruction, of which a DMA request would pay for several.
 */
typedef struct VmmioLinkStats {
    uint64_t connections;
    uint64_t packets_received;
    uint64_t packets_sent; /* or queued to be */
    uint64_t packets_unsent; /* of those, when their connection ended */
    uint64_t unknown_opcodes;
    uint64_t long_packets;
    uint64_t unsolicited; /* replies that nobody waited for, late ones too */
    uint64_t unfinished;  /* packets that have begun and not ended: of each connection 0 or 1 */
    uint64_t dma_reads;   /* requests, refused ones too */
    uint64_t dma_writes;
    uint64_t dma_errors; /* refused */
} VmmioLinkStats;

static inline void vmmio_link_add(uint64_t *counter, uint64_t n)
{
    qatomic_set(counter, *counter + n);
}

static inline void vmmio_link_count(uint64_t *counter)
{
    vmmio_link_add(counter, 1);
}

/* Add the counters of a connection to those of its endpoint. */
void vmmio_link_sum(VmmioLinkStats *endpoint, const VmmioLinkStats *conn);

/* One access of `size` bytes, however it ended. BQL held, as for all that follow. */
static inline void vmmio_stats_count(VmmioRangeStats *st, bool is_write, unsigned size)
{
    if (is_write) {
        st->writes++;
    } else {
        st->reads++;
    }
    st->bytes += size;
}

/*
 * What became of it. An access that waits for the next handler can be in several
 * of these, one that a stop of the VM ended in none.
 */
static inline void vmmio_stats_unclaimed(VmmioRangeStats *st)
{
    st->unclaimed++;
}

static inline void vmmio_stats_timed_out(VmmioRangeStats *st)
{
    st->timeouts++;
}

static inline void vmmio_stats_lost(VmmioRangeStats *st)
{
    st->lost++;
}

/* `error`: the handler set the error bit. Both ends of the time are the caller's to measure. */
static inline void vmmio_stats_answered(VmmioRangeStats *st, uint64_t latency_ns, bool error)
{
    st->latency_min = st->answered ? MIN(st->latency_min, latency_ns) : latency_ns;
    st->latency_max = MAX(st->latency_max, latency_ns);
    st->latency_sum += latency_ns;
    st->histogram[63 - clz64(latency_ns | 1)]++;
    st->answered++;
    st->errors += error;
}

/*
 * All of it in the form of QMP; freed with qapi_free_VmmioStats(). `connected`:
 * a claim is in effect; `claims`: those accepted since start. BQL held.
 */
VmmioStats *vmmio_stats_query(const VmmioRangeStats *st, const VmmioLinkStats *link,
                              bool connected, uint64_t claims);

#endif
