/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctx.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define USEC_PER_SEC 1000000LL
#define NOT_AT_ALL 0
#define AT_ONCE 1 /* long ago */
#define RETRY_USEC 10000 /* between attempts to watch a socket, which is served as often */

static int open_both(struct coreio_watch *watch)
{
    struct epoll_event event = { .events = EPOLLIN };

    watch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (watch->timer < 0) {
        return -errno;
    }
    watch->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (watch->epoll >= 0 && epoll_ctl(watch->epoll, EPOLL_CTL_ADD, watch->timer, &event) == 0) {
        return 0;
    }
    return -errno;
}

int coreio_watch_make(struct coreio_watch *watch)
{
    int err;

    if (watch->made) {
        return watch->epoll;
    }
    *watch = (struct coreio_watch){ .epoll = -1, .timer = -1, .made = true };
    err = open_both(watch);
    if (err) {
        coreio_watch_close(watch);
        return err;
    }
    return watch->epoll;
}

void coreio_watch_close(struct coreio_watch *watch)
{
    if (watch->made && watch->timer >= 0) {
        close(watch->timer);
    }
    if (watch->made && watch->epoll >= 0) {
        close(watch->epoll);
    }
    watch->made = false;
}

void coreio_watch_remove(struct coreio_watched *watched, int fd)
{
    if (watched->there) {
        epoll_ctl(watched->epoll, EPOLL_CTL_DEL, fd, NULL);
    }
    watched->there = false;
}

/* False: the kernel has no memory for it, or the user watches too much already. */
static bool update_socket(const struct coreio_watch *watch, struct coreio_conn *conn)
{
    struct coreio_watched *watched = &conn->watched;
    short wants = coreio_conn_wants(conn);
    struct epoll_event event = {
        .events = (wants & POLLIN ? EPOLLIN : 0u) | (wants & POLLOUT ? EPOLLOUT : 0u),
    };
    int operation = watched->there ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (!conn->open || (watched->there && watched->events == event.events)) {
        return true;
    }
    if (epoll_ctl(watch->epoll, operation, conn->fd, &event) < 0) {
        return false;
    }
    *watched = (struct coreio_watched){
        .there = true, .epoll = watch->epoll, .events = event.events,
    };
    return true;
}

/* When to try again to watch a socket: soon, but calls in between do not put it off. */
static long long retry_time(const struct coreio_watch *watch)
{
    long long now = coreio_now_usec();

    return watch->armed > now && watch->armed < now + RETRY_USEC ? watch->armed : now + RETRY_USEC;
}

static long long timer_wanted(const struct coreio_ctx *ctx, bool sockets_watched)
{
    if (coreio_loop_due(ctx)) {
        return AT_ONCE;
    }
    if (!sockets_watched) {
        return retry_time(&ctx->watch);
    }
    return ctx->link.state == COREIO_WAITING ? ctx->link.retry_at : NOT_AT_ALL;
}

/* Nobody reads the timer: setting it takes back that it went off. */
static void update_timer(struct coreio_watch *watch, long long when)
{
    struct itimerspec setting = {
        .it_value = { .tv_sec = when / USEC_PER_SEC, .tv_nsec = when % USEC_PER_SEC * 1000 },
    };

    if (when != watch->armed) {
        timerfd_settime(watch->timer, TFD_TIMER_ABSTIME, &setting, NULL);
        watch->armed = when;
    }
}

void coreio_watch_update(struct coreio_ctx *ctx)
{
    struct coreio_watch *watch = &ctx->watch;
    bool mmio, dma;

    if (watch->made && ctx->serving == 0) {
        mmio = update_socket(watch, &ctx->mmio);
        dma = update_socket(watch, &ctx->dma.conn);
        update_timer(watch, timer_wanted(ctx, mmio && dma));
    }
}
