/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection of a vMMIO client: framing, sending, and matching of replies.
 *
 * Receiving is a role that one thread at a time holds. Between accesses it is
 * the endpoint's link thread, woken by epoll. A vCPU that waits for a reply
 * takes the role itself, so an answered access costs no hand-off between
 * threads; further vCPUs on the same connection sleep until their reply is
 * there or the role is free. Whoever holds the role hands every packet that is
 * not a reply to the packet callback, in stream order, before a later reply is
 * delivered.
 *
 * All functions may be called from any thread. None may be called with the BQL
 * held except vmmio_conn_ref/unref, vmmio_conn_send and vmmio_conn_shutdown,
 * which never wait: the packet callback may take the BQL.
 */
#ifndef HW_MISC_VMMIO_CONN_H
#define HW_MISC_VMMIO_CONN_H

#include "qemu/thread.h"
#include "qemu/queue.h"
#include "io/channel.h"
#include "framer.h"
#include "vmmio-stats.h"

typedef struct VmmioConn VmmioConn;

/* What became of a request. */
typedef enum VmmioOutcome {
    VMMIO_PENDING,
    VMMIO_ANSWERED,    /* the block now holds the reply */
    VMMIO_LOST,        /* the connection closed first */
    VMMIO_TIMED_OUT,   /* the deadline passed */
    VMMIO_INTERRUPTED, /* the vCPU is asked to stop */
} VmmioOutcome;

/* How long a request may wait. */
typedef struct VmmioWait {
    CPUState *cpu;       /* the waiting vCPU, NULL for any other thread */
    QEMUClockType clock; /* that deadline_ns is measured in */
    int64_t deadline_ns; /* INT64_MAX = none */
} VmmioWait;

/* A packet that is no reply to a request; block is its first block. */
typedef void VmmioPacketFn(VmmioConn *conn, const struct vmmio_packet *packet,
                           const uint8_t *block, void *opaque);

/* Requests that a client may owe an answer to, one below what stalls it. */
#define VMMIO_OWED_MAX (VMMIO_CLIENT_QUEUE - 1)

struct VmmioConn {
    /* fixed after creation */
    QIOChannel *ioc;
    int fd;
    int epoll_fd;
    char *peer; /* for messages */
    VmmioPacketFn *on_packet;
    void *opaque;
    VmmioLinkStats *stats;

    /* owned by the receiver */
    struct vmmio_framer framer;

    /* owned by the link thread */
    bool ping_outstanding;
    uint64_t packets_at_last_tick;

    QTAILQ_ENTRY(VmmioConn) next; /* guarded by the endpoint's lock */

    unsigned refs;        /* atomic */
    uint64_t packets_in;  /* atomic: packets received */

    QemuMutex lock; /* guards all below */
    bool closed;    /* may be peeked at */
    bool receiving; /* some thread holds the receive role */
    bool armed;     /* epoll will wake the link thread */
    uint32_t next_tag;
    uint32_t owed[VMMIO_OWED_MAX]; /* tags of requests without a reply, abandoned ones too */
    unsigned n_owed;
    GByteArray *unsent; /* what the socket had no room for */
    QTAILQ_HEAD(, VmmioWaiter) waiters;
};

/*
 * Takes over one reference of ioc, makes it non-blocking and adds it to epoll_fd.
 * What passes is counted in *stats, which outlives the connection.
 */
VmmioConn *vmmio_conn_new(QIOChannel *ioc, int fd, int epoll_fd, const char *peer,
                          VmmioPacketFn *on_packet, void *opaque, VmmioLinkStats *stats);

VmmioConn *vmmio_conn_ref(VmmioConn *conn);
void vmmio_conn_unref(VmmioConn *conn);

/* False from the moment that either side has ended the connection. No lock needed. */
static inline bool vmmio_conn_is_open(const VmmioConn *conn)
{
    return !qatomic_read(&conn->closed);
}

/*
 * Queue one block, in order after all earlier ones, without waiting. False,
 * and the connection is shut down, when it is closed or when the peer leaves
 * more than VMMIO_UNSENT_MAX bytes unread.
 */
#define VMMIO_UNSENT_MAX (256 * 1024)
bool vmmio_conn_send(VmmioConn *conn, const uint8_t block[VMMIO_BLOCK]);

/*
 * Send a request and wait for its reply, which replaces the block. The tag in
 * the block is set here. Anything but VMMIO_ANSWERED leaves the data words
 * undefined; a reply that comes later is thrown away by its tag.
 */
VmmioOutcome vmmio_conn_request(VmmioConn *conn, uint8_t block[VMMIO_BLOCK],
                                const VmmioWait *wait);

/*
 * Link thread only, after epoll reported the connection: send what is queued,
 * receive what is there. False when the connection has ended.
 */
bool vmmio_conn_serve(VmmioConn *conn);

/* End the connection from this side; the link thread then reaps it. */
void vmmio_conn_shutdown(VmmioConn *conn);

#endif
