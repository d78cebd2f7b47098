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
 * delivered. In a burst of accesses nobody holds it in between: vmmio-burst.c.
 *
 * Sending is a queue. A request is written by the thread that makes it, with
 * all that was queued before; posted writes, and what may not wait at all, are
 * written by the link thread, many at once.
 *
 * All functions may be called from any thread. None may be called with the BQL
 * held except vmmio_conn_ref/unref, vmmio_conn_send, vmmio_conn_shutdown and
 * vmmio_request_end, which never wait: the packet callback may take the BQL.
 */
#ifndef HW_MISC_VMMIO_CONN_H
#define HW_MISC_VMMIO_CONN_H

#include "qemu/thread.h"
#include "qemu/queue.h"
#include "qemu/timer.h"
#include "framer.h"
#include "vmmio-stats.h"
#include "vmmio-stream.h"

typedef struct VmmioConn VmmioConn;
typedef struct VmmioRequest VmmioRequest;

/* What became of a request or a posted write. */
typedef enum VmmioOutcome {
    VMMIO_PENDING,
    VMMIO_ANSWERED,    /* the reply is there; a posted write is queued */
    VMMIO_LOST,        /* the connection closed first */
    VMMIO_TIMED_OUT,   /* the deadline passed */
    VMMIO_INTERRUPTED, /* the vCPU has to do something else; the request is still under way */
} VmmioOutcome;

/* How a thread may wait. */
typedef struct VmmioWait {
    int64_t begin_ns;    /* when it began, of get_clock() */
    CPUState *cpu;       /* the waiting vCPU, NULL for any other thread */
    bool restartable;    /* it can leave at any time and come back to the request */
    int64_t leave_ns;    /* it has to after this time of get_clock(); INT64_MAX = never */
    QEMUClockType clock; /* that deadline_ns is measured in */
    int64_t deadline_ns; /* INT64_MAX = none */
    int64_t poll_ns;     /* look for the reply this long before sleeping */
} VmmioWait;

/* What a thread that waits like this has to do now: go on (PENDING), TIMED_OUT or INTERRUPTED. */
VmmioOutcome vmmio_wait_outcome(const VmmioWait *wait);

/* A packet that is no reply to a request; block is its first block. */
typedef void VmmioPacketFn(VmmioConn *conn, const struct vmmio_packet *packet,
                           const uint8_t *block, void *opaque);

/* Requests that a client may owe an answer to, one below what stalls it. */
#define VMMIO_OWED_MAX (VMMIO_CLIENT_QUEUE - 1)

/*
 * A client that leaves more bytes than this unread is disconnected. Posted
 * writes wait at the lower mark, so that they cannot be the reason.
 */
#define VMMIO_UNSENT_MAX (256 * 1024)
#define VMMIO_POSTED_MAX (128 * 1024)

/* What one read may bring. */
#define VMMIO_INPUT_BYTES (256 * VMMIO_BLOCK)

struct VmmioConn {
    /* fixed after creation */
    VmmioStream stream;
    int epoll_fd;
    int burst_fd; /* the timer of vmmio-burst.c */
    char *peer; /* for messages */
    VmmioPacketFn *on_packet;
    void *opaque;

    /* owned by the receiver */
    struct vmmio_framer framer;
    GByteArray *replies; /* to what has been received since they were last queued */
    uint8_t input[VMMIO_INPUT_BYTES]; /* not on the stack: QEMU is built to clear that each time */

    /* owned by the link thread */
    bool ping_outstanding;
    uint64_t packets_at_last_tick;

    QTAILQ_ENTRY(VmmioConn) next; /* guarded by the endpoint's lock */

    unsigned refs;        /* atomic */
    uint64_t other_packets; /* received that are no replies; the receiver counts, any may read */
    VmmioLinkStats stats; /* of what is received: the receiver counts; of what is sent: with the lock */

    QemuMutex lock;        /* guards all below */
    bool closed;           /* may be peeked at */
    bool receiving;        /* some thread holds the receive role */
    bool sending;          /* some thread writes `out` */
    uint32_t armed_events; /* epoll wakes the link thread for these, once */
    unsigned n_attended;   /* requests that a thread waits in */
    bool in_burst;         /* the input is left to the next access; may be peeked at */
    unsigned burst_accesses; /* so many of them have followed each other closely */
    bool burst_gap;          /* but for the last one */
    uint64_t burst_others;   /* other_packets at the last one */
    int64_t last_access_ns;  /* when it began, of get_clock() */
    uint32_t next_tag;
    uint32_t owed[VMMIO_OWED_MAX]; /* tags of requests without a reply, abandoned ones too */
    unsigned n_owed;
    GByteArray *queue; /* to be sent after `out` */
    GByteArray *out;   /* being sent; the thread that is `sending` may use it without the lock */
    size_t out_sent;   /* bytes of it that are written */
    unsigned n_posters; /* threads that wait for room */
    QemuCond room;
    QTAILQ_HEAD(, VmmioRequest) requests;
};

/* One request to the client and then its reply. Belongs to one vCPU or thread. */
struct VmmioRequest {
    uint8_t block[VMMIO_BLOCK];
    VmmioConn *conn; /* with a reference; NULL: not started, or ended */
    bool listed;     /* in the connection's list; changed by its own thread only */

    /* guarded by the connection's lock */
    uint32_t tag;
    bool sent;
    bool answered;
    bool attended;
    QemuCond wake;
    QTAILQ_ENTRY(VmmioRequest) next;
};

/*
 * Takes over one reference of ioc, whose socket is fd, and adds it to epoll_fd.
 * The timer burst_fd is set when vmmio_burst_look() is due.
 * NULL when the kernel cannot watch another descriptor; ioc is then
 * released.
 */
VmmioConn *vmmio_conn_new(QIOChannel *ioc, int fd, int epoll_fd, int burst_fd,
                          const char *peer, VmmioPacketFn *on_packet, void *opaque);

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
bool vmmio_conn_send(VmmioConn *conn, const uint8_t block[VMMIO_BLOCK]);

/*
 * From within the packet callback: room for a reply, to be sent with all that this
 * batch brings. Has the bytes of `block`; the caller makes them the reply before
 * it returns.
 */
uint8_t *vmmio_conn_make_reply(VmmioConn *conn, const uint8_t block[VMMIO_BLOCK]);

/*
 * Queue a request that has no reply, as soon as there is room for it. The tag in
 * the block is set here, so that no client that sends it back by mistake can
 * answer another request with it. Outcomes as for vmmio_request_wait(). With
 * wait == NULL it does not wait, the BQL may be held, and PENDING means no room.
 */
VmmioOutcome vmmio_conn_post(VmmioConn *conn, uint8_t block[VMMIO_BLOCK], const VmmioWait *wait);

/* Wait until there is room for a posted write: PENDING; else as vmmio_conn_post(). */
VmmioOutcome vmmio_conn_wait_for_room(VmmioConn *conn, const VmmioWait *wait);

/*
 * Send the request in req->block, whose tag is set here. Takes over the
 * caller's reference of conn. Sent later, while it is waited for, when the
 * client owes too many answers already.
 */
void vmmio_request_start(VmmioRequest *req, VmmioConn *conn);

/*
 * Wait for the reply, which replaces the block. May be called again after
 * VMMIO_INTERRUPTED and VMMIO_TIMED_OUT: the request is then still under way,
 * and its reply is taken also while nobody waits for it.
 */
VmmioOutcome vmmio_request_wait(VmmioRequest *req, const VmmioWait *wait);

/* Done with the request, answered or not: a reply that comes later is thrown away by its tag. */
void vmmio_request_end(VmmioRequest *req);

/*
 * Link thread only, after epoll reported these events: send what is queued,
 * receive what is there. False when the connection has ended.
 */
bool vmmio_conn_serve(VmmioConn *conn, uint32_t events);

/*
 * Link thread only, when the timer is over: give the input back to epoll if the
 * burst of accesses is over. Returns in how many ns to look again; 0: not at all.
 */
int64_t vmmio_burst_look(VmmioConn *conn);

/* Have the timer end in so many ns, 1 to 10^9 - 1, or earlier if it is set already. */
void vmmio_burst_set_timer(int timer_fd, int64_t ns);

/* Write what is queued, until g_get_monotonic_time() is end_us. */
void vmmio_conn_drain(VmmioConn *conn, int64_t end_us);

/* End the connection from this side; the link thread then reaps it. */
void vmmio_conn_shutdown(VmmioConn *conn);

#endif
