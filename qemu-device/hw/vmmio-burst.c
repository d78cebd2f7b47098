/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bursts: a guest makes one access after another, the handler answers at once,
 * and nothing but replies comes. Between two accesses the socket would go back to
 * the link thread, by one call of epoll_ctl(), and to the vCPU again, by another:
 * a seventh of the time of such an access. In a burst it stays with the vCPU,
 * whose next access takes whatever has come, and the link thread looks now and
 * then whether the burst is over. What comes right after one waits for that look.
 */
#include "qemu/osdep.h"
#include <sys/timerfd.h>
#include "qemu/thread.h"
#include "vmmio-conn.h"
#include "vmmio-conn-internal.h"
#include "trace.h"

/* Accesses that begin within this time of each other follow closely. */
#define GAP_NS (50 * SCALE_US)

/* More accesses than a driver makes before it waits for an interrupt, 3 ms or so. */
#define ACCESSES_MIN 512

/* A look takes a CPU for some 30 us, on a small machine from the vCPU or from the handler. */
#define LOOK_NS SCALE_MS

/* Over, and not just held up by that. */
#define IDLE_NS (150 * SCALE_US)

/* A timer that is set already ends soon enough. */
void vmmio_burst_set_timer(int timer_fd, int64_t ns)
{
    struct itimerspec once = { .it_value.tv_nsec = ns };
    struct itimerspec left = { 0 };

    timerfd_gettime(timer_fd, &left);
    if (left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0) {
        timerfd_settime(timer_fd, 0, &once, NULL);
    }
}

static void begin_burst(VmmioConn *conn)
{
    trace_vmmio_burst(conn->peer, true);
    qatomic_set(&conn->in_burst, true);
    vmmio_burst_set_timer(conn->burst_fd, LOOK_NS);
}

/* The caller updates epoll. */
static void end_burst(VmmioConn *conn)
{
    if (conn->in_burst) {
        trace_vmmio_burst(conn->peer, false);
        qatomic_set(&conn->in_burst, false);
    }
    conn->burst_accesses = 0;
}

/* A single gap may be a look. */
void vmmio_burst_count(VmmioConn *conn, int64_t begin_ns)
{
    bool follows = begin_ns - conn->last_access_ns <= GAP_NS;
    uint64_t others = qatomic_read(&conn->other_packets);

    conn->last_access_ns = begin_ns;
    if (others != conn->burst_others || (!follows && conn->burst_gap)) {
        end_burst(conn);
    }
    conn->burst_others = others;
    conn->burst_gap = !follows;
    if (++conn->burst_accesses >= ACCESSES_MIN && !conn->in_burst) {
        begin_burst(conn);
    }
}

int64_t vmmio_burst_look(VmmioConn *conn)
{
    int64_t idle_ns, again = 0;

    if (!qatomic_read(&conn->in_burst)) {
        return 0;
    }
    /* A lock in use is a burst that goes on; a vCPU should not find a sleeper to wake here. */
    if (qemu_mutex_trylock(&conn->lock)) {
        return IDLE_NS;
    }
    idle_ns = get_clock() - conn->last_access_ns;
    if (idle_ns > IDLE_NS) {
        end_burst(conn);
        vmmio_conn_update_epoll(conn);
    } else if (conn->in_burst) {
        again = idle_ns > GAP_NS ? IDLE_NS : LOOK_NS;
    }
    qemu_mutex_unlock(&conn->lock);
    return again;
}
