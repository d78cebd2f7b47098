/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An endpoint: the listening socket, its connections, and which of them holds
 * which range. One link thread an endpoint accepts clients and serves them
 * while no vCPU waits for a reply; it runs without the BQL. Endpoints live as
 * long as QEMU: the vmmio device cannot be unplugged.
 */
#ifndef HW_MISC_VMMIO_ENDPOINT_H
#define HW_MISC_VMMIO_ENDPOINT_H

#include "vmmio-conn.h"
#include "vmmio-dma.h"

typedef struct VmmioEndpoint VmmioEndpoint;
typedef struct VmmioRange VmmioRange;

struct VmmioRange {
    /* Set by the owner before vmmio_endpoint_add_range(); static from then on. */
    const char *name; /* for messages */
    void (*irq_update)(VmmioRange *range, uint64_t line, bool level); /* BQL held */
    /* `client` became or no longer is the holder. BQL held. */
    void (*claimed)(VmmioRange *range, const char *client);
    void (*released)(VmmioRange *range, const char *client);

    unsigned index;    /* number on the endpoint */
    VmmioConn *holder; /* guarded by the endpoint's lock; may be peeked at */
    uint64_t claims;   /* atomic */
};

/* What an endpoint is to be like; the strings are the caller's. */
typedef struct VmmioEndpointConfig {
    const char *listen;       /* "HOST:PORT", "[v6]:PORT" or "unix:PATH" */
    const char *tls_creds;    /* id of a tls-creds object, NULL = no TLS */
    const char *tls_authz;    /* id of an authz object, NULL = none */
    uint32_t max_connections; /* clients at a time */
    uint32_t ping_ms;         /* silence before a PING to a holder of a range, 0 = never */
} VmmioEndpointConfig;

/*
 * The endpoint that listens on config->listen, made when it is not there yet;
 * its first user decides max_connections and ping_ms. BQL held. NULL and an error
 * when the address is malformed or cannot be bound, when the TLS objects are not
 * fit, or when its first user did not give those that a later one asks for.
 */
VmmioEndpoint *vmmio_endpoint_get(const VmmioEndpointConfig *config, Error **errp);

/* Give the range the next number. BQL held. Fails beyond VMMIO_RANGES_MAX. */
bool vmmio_endpoint_add_range(VmmioEndpoint *ep, VmmioRange *range, Error **errp);

/*
 * Which memory the clients' DMA may reach: the property's text, which the first
 * range's owner decides. To be called before vmmio_endpoint_add_range(), BQL
 * held. False and an error when the text is malformed or, given for a further
 * range, differs.
 */
bool vmmio_endpoint_limit_dma(VmmioEndpoint *ep, const char *dma_ranges, Error **errp);

/* The endpoint's counters. Owned by it. */
const VmmioLinkStats *vmmio_endpoint_stats(const VmmioEndpoint *ep);

/* The address really bound, "HOST:PORT" or "unix:PATH". Owned by the endpoint. */
const char *vmmio_endpoint_address(const VmmioEndpoint *ep);

/* True while a connection holds the range. Any thread, no lock. */
static inline bool vmmio_range_is_held(const VmmioRange *range)
{
    return qatomic_read(&range->holder) != NULL;
}

/* The connection that holds the range, with a reference for the caller, or NULL. */
VmmioConn *vmmio_endpoint_holder(VmmioEndpoint *ep, VmmioRange *range);

#endif
