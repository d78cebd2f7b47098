/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctx.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#define USEC_PER_SEC 1000000LL
#define FOREVER LLONG_MAX

/* Call back and answer for every packet in the input buffer that there is room to answer. */
static void serve_input(struct coreio_ctx *ctx)
{
    uint8_t block[VMMIO_BLOCK];

    while (coreio_conn_next(&ctx->conn, block)) {
        unsigned generation = ctx->conn.generation;
        bool answer = coreio_dispatch(ctx->ranges, block);

        /* The callback may have disconnected, or have connected to another VM. */
        if (answer && ctx->conn.open && ctx->conn.generation == generation) {
            coreio_conn_send(&ctx->conn, block);
        }
    }
}

static int serve(struct coreio_ctx *ctx, bool readable, bool writable)
{
    ctx->serving = true;
    if (writable) {
        coreio_conn_flush(&ctx->conn);
    }
    serve_input(ctx);
    if (readable && coreio_conn_wants_input(&ctx->conn)) {
        coreio_conn_receive(&ctx->conn);
        serve_input(ctx);
    }
    ctx->serving = false;
    return coreio_conn_status(&ctx->conn);
}

int coreio_ctx_preparefds(const struct coreio_ctx *ctx, int nfds, fd_set *readfds,
                          fd_set *writefds)
{
    const struct coreio_conn *conn = &ctx->conn;

    if (!conn->open) {
        return nfds;
    }
    if (conn->fd >= FD_SETSIZE) {
        return -EMFILE;
    }
    if (coreio_conn_wants_input(conn)) {
        FD_SET(conn->fd, readfds);
    }
    if (coreio_conn_wants_output(conn)) {
        FD_SET(conn->fd, writefds);
    }
    return conn->fd >= nfds ? conn->fd + 1 : nfds;
}

int coreio_ctx_processfds(struct coreio_ctx *ctx, const fd_set *readfds, const fd_set *writefds)
{
    int err = coreio_conn_status(&ctx->conn);
    int fd = ctx->conn.fd;

    if (ctx->serving) {
        return -EBUSY;
    }
    if (err) {
        return err;
    }
    if (fd >= FD_SETSIZE) {
        return -EMFILE;
    }
    return serve(ctx, readfds && FD_ISSET(fd, readfds), writefds && FD_ISSET(fd, writefds));
}

static long long now_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static long long deadline_after(long long usec)
{
    long long now = now_usec();

    return usec < 0 || usec > FOREVER - now ? FOREVER : now + usec;
}

/*
 * Wait until the deadline or until the socket is ready, and serve it. poll()
 * first and recv() after it cost one call less than recv() alone, which in the
 * usual case of one request at a time would first find the socket empty.
 */
static int wait_and_serve(struct coreio_ctx *ctx, long long deadline)
{
    bool input = coreio_conn_wants_input(&ctx->conn);
    bool output = coreio_conn_wants_output(&ctx->conn);
    struct pollfd wait = {
        .fd = ctx->conn.fd,
        .events = (short)((input ? POLLIN : 0) | (output ? POLLOUT : 0)),
    };
    long long left = deadline == FOREVER ? 0 : deadline - now_usec();
    struct timespec timeout = { 0 };

    if (left > 0) {
        timeout.tv_sec = left / USEC_PER_SEC;
        timeout.tv_nsec = left % USEC_PER_SEC * 1000;
    }
    if (ppoll(&wait, 1, deadline == FOREVER ? NULL : &timeout, NULL) < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    /* An error or a hang-up makes both calls worth while: one of them reports it. */
    return wait.revents ? serve(ctx, wait.revents & ~POLLOUT, wait.revents & ~POLLIN) : 0;
}

int coreio_ctx_mainloop(struct coreio_ctx *ctx, long long usec)
{
    long long deadline = deadline_after(usec);
    int err = coreio_conn_status(&ctx->conn);

    if (ctx->serving) {
        return -EBUSY;
    }
    if (err) {
        return err;
    }
    do {
        err = wait_and_serve(ctx, deadline);
    } while (!err && (deadline == FOREVER || now_usec() < deadline));
    return err;
}
