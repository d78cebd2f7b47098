/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests on a connection: numbering, waiting for the reply, posting without one. */
#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "hw/core/cpu.h"
#include "vmmio-conn.h"
#include "vmmio-conn-internal.h"

VmmioOutcome vmmio_wait_outcome(const VmmioWait *wait)
{
    CPUState *cpu = wait->cpu;

    if (cpu && (qatomic_read(&cpu->stop) || qatomic_read(&cpu->unplug) ||
                (wait->restartable && qatomic_read(&cpu->exit_request)))) {
        return VMMIO_INTERRUPTED;
    }
    if (wait->deadline_ns != INT64_MAX && qemu_clock_get_ns(wait->clock) >= wait->deadline_ns) {
        return VMMIO_TIMED_OUT;
    }
    if (wait->leave_ns != INT64_MAX && get_clock() >= wait->leave_ns) {
        return VMMIO_INTERRUPTED;
    }
    return VMMIO_PENDING;
}

/* Called with the lock held. */
static VmmioOutcome outcome_now(const VmmioRequest *req, const VmmioWait *wait)
{
    if (req->answered) {
        return VMMIO_ANSWERED;
    }
    return req->conn->closed ? VMMIO_LOST : vmmio_wait_outcome(wait);
}

/* Receive once, asleep until something comes or the slice is over. Receiver only. */
static void receive_asleep(VmmioRequest *req, const VmmioWait *wait)
{
    vmmio_conn_receive(req->conn, true);
}

/* Look again and again, for a reply that comes sooner than a sleep ends. Receiver only. */
static void receive_polling(VmmioRequest *req, const VmmioWait *wait)
{
    do {
        vmmio_conn_receive(req->conn, false);
    } while (!qatomic_read(&req->answered) && vmmio_conn_is_open(req->conn) &&
             get_clock() < wait->begin_ns + wait->poll_ns);
}

/* Wait as receiver if the role is free, else for whoever has it. Lock held. */
static void wait_slice(VmmioRequest *req, const VmmioWait *wait,
                       void (*receive)(VmmioRequest *req, const VmmioWait *wait))
{
    VmmioConn *conn = req->conn;

    vmmio_conn_update_epoll(conn);
    if (conn->receiving) {
        qemu_cond_timedwait(&req->wake, &conn->lock, VMMIO_SLICE_MS);
        return;
    }
    conn->receiving = true;
    qemu_mutex_unlock(&conn->lock);
    receive(req, wait);
    qemu_mutex_lock(&conn->lock);
    conn->receiving = false;
}

/* Called with the lock held. */
static uint32_t set_next_tag(VmmioConn *conn, uint8_t *block)
{
    uint64_t w0 = vmmio_block_load(block, 0);
    uint32_t tag = conn->next_tag++;

    vmmio_block_store(block, 0, (w0 & UINT32_MAX) | (uint64_t)tag << 32);
    return tag;
}

/* Number the request and queue it, if the client does not owe too many. Lock held. */
static void try_start(VmmioRequest *req)
{
    VmmioConn *conn = req->conn;

    if (req->sent || conn->n_owed == VMMIO_OWED_MAX) {
        return;
    }
    req->tag = set_next_tag(conn, req->block);
    req->sent = vmmio_conn_enqueue(conn, req->block);
    if (req->sent) {
        conn->owed[conn->n_owed++] = req->tag;
        vmmio_conn_flush(conn);
    }
}

void vmmio_request_start(VmmioRequest *req, VmmioConn *conn)
{
    req->conn = conn;
    req->sent = false;
    req->answered = false;
    req->attended = false;
    req->listed = false;
    qemu_cond_init(&req->wake);
}

/* From now on a reply finds the request. Lock held. */
static void list(VmmioRequest *req)
{
    if (!req->listed) {
        req->listed = true;
        QTAILQ_INSERT_TAIL(&req->conn->requests, req, next);
    }
}

/* Called with the lock held. */
static void unlist(VmmioRequest *req)
{
    req->listed = false;
    QTAILQ_REMOVE(&req->conn->requests, req, next);
}

VmmioOutcome vmmio_request_wait(VmmioRequest *req, const VmmioWait *wait)
{
    VmmioConn *conn = req->conn;
    VmmioOutcome outcome;

    qemu_mutex_lock(&conn->lock);
    list(req);
    req->attended = true;
    conn->n_attended++;
    /* First of all: a reply that wakes the link thread would come here by a detour. */
    vmmio_conn_update_epoll(conn);
    try_start(req);
    /* Before the first look at the clock, which most accesses need not pay for. */
    if (wait->poll_ns > 0 && !req->answered) {
        wait_slice(req, wait, receive_polling);
    }
    while ((outcome = outcome_now(req, wait)) == VMMIO_PENDING) {
        try_start(req);
        wait_slice(req, wait, receive_asleep);
    }
    req->attended = false;
    conn->n_attended--;
    if (req->answered) {
        vmmio_burst_count(conn, wait->begin_ns);
    }
    if (req->answered || conn->closed) {
        unlist(req);
    }
    vmmio_conn_pass_role_on(conn);
    qemu_mutex_unlock(&conn->lock);
    return outcome;
}

void vmmio_request_end(VmmioRequest *req)
{
    VmmioConn *conn = req->conn;

    if (req->listed) {
        QEMU_LOCK_GUARD(&conn->lock);
        unlist(req);
    }
    qemu_cond_destroy(&req->wake);
    req->conn = NULL;
    vmmio_conn_unref(conn);
}

/* Called with the lock held. */
static bool has_room(const VmmioConn *conn)
{
    return conn->closed || vmmio_conn_unsent(conn) < VMMIO_POSTED_MAX;
}

/* Called with the lock held. */
static VmmioOutcome wait_for_room(VmmioConn *conn, const VmmioWait *wait)
{
    VmmioOutcome outcome = VMMIO_PENDING;

    while (!has_room(conn) && outcome == VMMIO_PENDING) {
        conn->n_posters++;
        qemu_cond_timedwait(&conn->room, &conn->lock, VMMIO_SLICE_MS);
        conn->n_posters--;
        outcome = vmmio_wait_outcome(wait);
    }
    return outcome;
}

VmmioOutcome vmmio_conn_wait_for_room(VmmioConn *conn, const VmmioWait *wait)
{
    QEMU_LOCK_GUARD(&conn->lock);
    return wait_for_room(conn, wait);
}

VmmioOutcome vmmio_conn_post(VmmioConn *conn, uint8_t block[VMMIO_BLOCK], const VmmioWait *wait)
{
    VmmioOutcome outcome = VMMIO_PENDING;

    vmmio_conn_lock(conn);
    if (wait) {
        outcome = wait_for_room(conn, wait);
    }
    if (has_room(conn)) {
        set_next_tag(conn, block);
        outcome = vmmio_conn_enqueue(conn, block) ? VMMIO_ANSWERED : VMMIO_LOST;
        vmmio_conn_update_epoll(conn);
    }
    qemu_mutex_unlock(&conn->lock);
    return outcome;
}
