/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bursts: a guest makes one access after another, and the handler answers at
 * once. Between two accesses the socket would go back to the link thread, by one
 * call of epoll_ctl(), and to the vCPU again, by another: a seventh of the time
 * of such an access. In a burst it stays with the vCPU, whose next access takes
 * whatever has come, and the link thread looks now and then whether the burst is
 * over. What comes right after a burst so waits for that look.
 */
#include "qemu/osdep.h"
#include <sys/timerfd.h>
#include "qemu/thread.h"
#include "vmmio-conn.h"
#include "vmmio-conn-internal.h"
#include "trace.h"

/*
 * Accesses that begin within this time of each other belong together. With a
 * handler that sleeps they take longer, and two system calls are little then.
 */
#define GAP_NS (50 * SCALE_US)

/* More accesses than a driver usually makes before it waits for an interrupt. */
#define ACCESSES_MIN 64

/* Over, and not just held up: by a look, for one, which takes a CPU for some 30 us. */
#define IDLE_NS (150 * SCALE_US)

/* Because of that, the longer a burst has lasted the fewer looks there are. */
#define LOOKS_PER_AGE 4
#define LOOK_MAX_NS SCALE_MS

static int64_t next_look(const VmmioConn *conn, int64_t now)
{
    bool idle = now - conn->last_access_ns > GAP_NS;
    int64_t ns = (now - conn->burst_begin_ns) / LOOKS_PER_AGE;

    return idle ? IDLE_NS : CLAMP(ns, IDLE_NS, LOOK_MAX_NS);
}

void vmmio_burst_set_timer(int timer_fd, int64_t ns)
{
    struct itimerspec once = { .it_value.tv_nsec = ns };

    timerfd_settime(timer_fd, 0, &once, NULL);
}

void vmmio_burst_count(VmmioConn *conn, int64_t begin_ns)
{
    bool follows = begin_ns - conn->last_access_ns <= GAP_NS;

    conn->last_access_ns = begin_ns;
    if (conn->in_burst) {
        return;
    }
    if (!follows) {
        conn->burst_accesses = 0;
        conn->burst_begin_ns = begin_ns;
    }
    if (++conn->burst_accesses >= ACCESSES_MIN) {
        trace_vmmio_burst(conn->peer, true);
        conn->in_burst = true;
        vmmio_burst_set_timer(conn->burst_fd, next_look(conn, begin_ns));
    }
}

int64_t vmmio_burst_look(VmmioConn *conn)
{
    int64_t now = get_clock();
    int64_t again = 0;

    /* A lock in use is a burst that goes on; a vCPU should not find a sleeper to wake here. */
    if (qemu_mutex_trylock(&conn->lock)) {
        return IDLE_NS;
    }
    if (conn->in_burst && now - conn->last_access_ns > IDLE_NS) {
        trace_vmmio_burst(conn->peer, false);
        conn->in_burst = false;
        conn->burst_accesses = 0;
        vmmio_conn_update_epoll(conn);
    } else if (conn->in_burst) {
        again = next_look(conn, now);
    }
    qemu_mutex_unlock(&conn->lock);
    return again;
}
