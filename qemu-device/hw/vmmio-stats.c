/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qapi/qapi-types-vmmio.h"
#include "vmmio-stats.h"

/* Without the zeros at its end. */
static uint64List *query_histogram(const VmmioRangeStats *st)
{
    uint64List *list = NULL;

    for (int i = VMMIO_LATENCY_BUCKETS - 1; i >= 0; i--) {
        if (list || st->histogram[i]) {
            QAPI_LIST_PREPEND(list, st->histogram[i]);
        }
    }
    return list;
}

static VmmioLatency *query_latency(const VmmioRangeStats *st)
{
    VmmioLatency *latency = g_new0(VmmioLatency, 1);

    latency->count = st->answered;
    latency->min_ns = st->latency_min;
    latency->mean_ns = st->answered ? st->latency_sum / st->answered : 0;
    latency->max_ns = st->latency_max;
    latency->histogram = query_histogram(st);
    return latency;
}

void vmmio_link_sum(VmmioLinkStats *endpoint, const VmmioLinkStats *conn)
{
    endpoint->connections += qatomic_read(&conn->connections);
    endpoint->packets_received += qatomic_read(&conn->packets_received);
    endpoint->packets_sent += qatomic_read(&conn->packets_sent);
    endpoint->packets_unsent += qatomic_read(&conn->packets_unsent);
    endpoint->unknown_opcodes += qatomic_read(&conn->unknown_opcodes);
    endpoint->long_packets += qatomic_read(&conn->long_packets);
    endpoint->unsolicited += qatomic_read(&conn->unsolicited);
    endpoint->unfinished += qatomic_read(&conn->unfinished);
    endpoint->dma_reads += qatomic_read(&conn->dma_reads);
    endpoint->dma_writes += qatomic_read(&conn->dma_writes);
    endpoint->dma_errors += qatomic_read(&conn->dma_errors);
}

static VmmioEndpointStats *query_link(const VmmioLinkStats *link)
{
    VmmioEndpointStats *stats = g_new0(VmmioEndpointStats, 1);

    stats->connections = link->connections;
    stats->packets_received = link->packets_received;
    stats->packets_sent = link->packets_sent;
    stats->packets_unsent = link->packets_unsent;
    stats->unknown_opcodes = link->unknown_opcodes;
    stats->long_packets = link->long_packets;
    stats->unsolicited = link->unsolicited;
    stats->unfinished = link->unfinished;
    stats->dma_reads = link->dma_reads;
    stats->dma_writes = link->dma_writes;
    stats->dma_errors = link->dma_errors;
    return stats;
}

VmmioStats *vmmio_stats_query(const VmmioRangeStats *st, const VmmioLinkStats *link,
                              bool connected, uint64_t claims)
{
    VmmioStats *stats = g_new0(VmmioStats, 1);

    stats->reads = st->reads;
    stats->writes = st->writes;
    stats->bytes = st->bytes;
    stats->errors = st->errors;
    stats->timeouts = st->timeouts;
    stats->lost = st->lost;
    stats->unclaimed = st->unclaimed;
    stats->handler_connected = connected;
    stats->claims = claims;
    stats->latency = query_latency(st);
    stats->endpoint = query_link(link);
    return stats;
}
