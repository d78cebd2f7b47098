/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vmmio-conn.c (the connection) and vmmio-request.c (waiting on it) share.
 * Called with the connection's lock held, if nothing else is said.
 */
#ifndef HW_MISC_VMMIO_CONN_INTERNAL_H
#define HW_MISC_VMMIO_CONN_INTERNAL_H

#include "vmmio-conn.h"

/* Bytes that are queued and not written yet. */
static inline size_t vmmio_conn_unsent(const VmmioConn *conn)
{
    return conn->queue->len + conn->out->len - conn->out_sent;
}

/* Take the connection's lock; not held before. */
void vmmio_conn_lock(VmmioConn *conn);

/*
 * Let epoll wake the link thread for what no other thread sees to: bytes that
 * come while no vCPU waits, and room for bytes to send. To be called after each
 * change of what this looks at.
 */
void vmmio_conn_update_epoll(VmmioConn *conn);

/*
 * An access that began at begin_ns, of get_clock(), was answered. To be called
 * before the epoll update at its end, which it may make needless.
 */
void vmmio_burst_count(VmmioConn *conn, int64_t begin_ns);

/* Queue one block. False when the connection is closed, or is now for its unread bytes. */
bool vmmio_conn_enqueue(VmmioConn *conn, const uint8_t *block);

/*
 * Write what is queued now, until the socket is full. The lock is released
 * meanwhile, so that others can queue more; a thread that finds another one
 * sending leaves its packet to that one. The link thread writes what is left.
 */
void vmmio_conn_flush(VmmioConn *conn);

/* Give the free receive role to a waiting vCPU or to the link thread. */
void vmmio_conn_pass_role_on(VmmioConn *conn);

/*
 * Receiver only, without the lock: take what is there. When nothing is and the
 * thread may `sleep`, wait for it, some milliseconds at most. True when there is
 * probably more.
 */
bool vmmio_conn_receive(VmmioConn *conn, bool sleep);

#endif
