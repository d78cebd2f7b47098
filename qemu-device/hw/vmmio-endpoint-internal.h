/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmmio-endpoint.c (ranges and who holds them) and vmmio-link.c (the link thread) share. */
#ifndef HW_MISC_VMMIO_ENDPOINT_INTERNAL_H
#define HW_MISC_VMMIO_ENDPOINT_INTERNAL_H

#include "vmmio-dma.h"
#include "vmmio-endpoint.h"
#include "vmmio-listener.h"

struct VmmioEndpoint {
    char *listen; /* as given, the key */
    char *tls_creds;
    char *tls_authz;
    char *dma_text;
    VmmioDmaRanges dma_ranges;
    VmmioListener *listener;
    int epoll_fd;
    int burst_fd; /* timer: look whether bursts of accesses are over */
    uint32_t ping_ms;
    uint32_t max_connections;
    QemuThread thread;
    int64_t ping_at_us;   /* link thread: next look for silent connections, or NEVER */
    int64_t accept_at_us; /* link thread: when it accepts clients again, NEVER: it does now */
    Notifier machine_done;
    Notifier exit;
    QTAILQ_ENTRY(VmmioEndpoint) next;

    QemuMutex lock; /* guards all below and ranges[]->holder; may be taken inside the BQL */
    QemuCond claimed;
    QTAILQ_HEAD(, VmmioConn) conns;
    unsigned n_conns; /* those that are still shaking hands too */
    VmmioLinkStats past; /* of connections that have ended */
    VmmioRange *ranges[VMMIO_RANGES_MAX];
    unsigned n_ranges;
};

/* A packet of a client that is no reply; opaque is its endpoint. Its receiver, without the BQL. */
void vmmio_endpoint_on_packet(VmmioConn *conn, const struct vmmio_packet *p,
                              const uint8_t *block, void *opaque);

/* True when the connection holds a range. Lock held. */
bool vmmio_endpoint_holds_any(VmmioEndpoint *ep, VmmioConn *conn);

/* The ranges that the connection holds go back to the fallback. Takes the BQL. */
void vmmio_endpoint_release(VmmioEndpoint *ep, VmmioConn *conn);

/* What the endpoint's listener calls. */
extern const VmmioListenerOps vmmio_link_ops;

/* Have the link thread start with the VM, and clients served once more when QEMU ends. */
void vmmio_link_init(VmmioEndpoint *ep);

#endif
