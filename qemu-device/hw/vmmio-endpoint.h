/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An endpoint: the listening socket, its connections, and which of them holds
 * which range. One link thread an endpoint accepts clients and serves them
 * while no vCPU waits for a reply; it runs without the BQL, and serves DMA too.
 * Endpoints live as long as QEMU: the vmmio device cannot be unplugged.
 */
#ifndef HW_MISC_VMMIO_ENDPOINT_H
#define HW_MISC_VMMIO_ENDPOINT_H

#include "vmmio-conn.h"

typedef struct VmmioEndpoint VmmioEndpoint;
typedef struct VmmioRange VmmioRange;

/* What the devices of one endpoint agree on. Strings are borrowed. */
typedef struct VmmioEndpointConfig {
    const char *listen;       /* "HOST:PORT", "[v6]:PORT" or "unix:PATH"; the endpoint's key */
    const char *tls_creds;    /* id of a tls-creds object; NULL = plain */
    const char *tls_authz;    /* id of an authz object; NULL = anybody with good credentials */
    const char *dma_ranges;   /* as for vmmio_dma_ranges_parse(); NULL = all RAM */
    uint32_t ping_ms;         /* silence before a PING, 0 = never */
    uint32_t max_connections; /* 1 or more */
} VmmioEndpointConfig;

struct VmmioRange {
    /* Set by the owner before vmmio_endpoint_add_range(); static from then on. */
    const char *name; /* for messages */
    /* All called with the BQL held. */
    void (*irq_update)(VmmioRange *range, uint64_t line, bool level);
    void (*claimed)(VmmioRange *range, const char *peer);
    void (*released)(VmmioRange *range, const char *peer);

    unsigned index;    /* number on the endpoint */
    VmmioConn *holder; /* guarded by the endpoint's lock; may be peeked at */
    uint64_t claims;   /* atomic */
};

/*
 * The endpoint for this configuration, made when none listens there yet. Its
 * first user decides ping_ms and max_connections; another one that asks for
 * other TLS objects or DMA ranges is an error, NULL asks for none of its own.
 * BQL held. NULL and an error when the address is malformed or cannot be
 * bound, or when a property makes no sense.
 */
VmmioEndpoint *vmmio_endpoint_get(const VmmioEndpointConfig *config, Error **errp);

/* Give the range the next number. BQL held. Fails beyond VMMIO_RANGES_MAX. */
bool vmmio_endpoint_add_range(VmmioEndpoint *ep, VmmioRange *range, Error **errp);

/* The address really bound, "HOST:PORT" or "unix:PATH". Owned by the endpoint. */
const char *vmmio_endpoint_address(const VmmioEndpoint *ep);

/* Counters of all its connections since start. */
VmmioLinkStats vmmio_endpoint_stats(VmmioEndpoint *ep);

/* True while a connection holds the range. Any thread, no lock. */
static inline bool vmmio_range_is_held(const VmmioRange *range)
{
    return qatomic_read(&range->holder) != NULL;
}

/* True from the first claim on. Any thread, no lock. */
static inline bool vmmio_range_was_claimed(const VmmioRange *range)
{
    return qatomic_read(&range->claims) != 0;
}

/* The open connection that holds the range, with a reference for the caller, or NULL. */
VmmioConn *vmmio_endpoint_holder(VmmioEndpoint *ep, VmmioRange *range);

/*
 * Wait until an open connection holds the range: VMMIO_ANSWERED, or
 * VMMIO_INTERRUPTED. The deadline does not count. Not with the BQL held.
 */
VmmioOutcome vmmio_endpoint_wait_claim(VmmioEndpoint *ep, VmmioRange *range,
                                       const VmmioWait *wait);

#endif
