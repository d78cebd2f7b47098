/* SPDX-License-Identifier: BSD-2-Clause */
/* Serving a context: what has arrived with lock and GIL, waiting without them. */
#include "context.h"
#include "ctx.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* Serve once, without waiting. Returns 0, or a negative errno; -EINTR: an exception is set. */
static int serve(Context *self)
{
    int err;

    if (context_enter(self) < 0) {
        return -EINTR;
    }
    err = coreio_ctx_dispatch(self->ctx);
    context_leave(self);
    if (context_raise(self)) {
        return -EINTR;
    }
    /* A completion that disconnect() calls is still running in another thread. */
    return err == -EBUSY ? -ENOTCONN : err;
}

/* Something to do, or stop(). */
static bool is_ready(int fd, int wake_fd, long long us)
{
    struct pollfd inputs[] = {{.fd = fd, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
    struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    return ppoll(inputs, 2, &time, NULL) > 0;
}

/* Wait for `us` microseconds at most: first by asking again and again, then asleep. */
static void wait_input(Context *self, int fd, long long us)
{
    int wake_fd = self->wake_fd;
    unsigned spin_us = self->spin_us;
    long long start = spin_us > 0 ? coreio_now_usec() : 0;
    long long spun = 0;

    Py_BEGIN_ALLOW_THREADS
    while (spun < spin_us && spun < us) {
        if (is_ready(fd, wake_fd, 0)) {
            break;
        }
        spun = coreio_now_usec() - start;
    }
    if (spun >= spin_us && spun < us) {
        is_ready(fd, wake_fd, us - spun);
    }
    Py_END_ALLOW_THREADS
}

PyObject *context_dispatch(Context *self, PyObject *unused)
{
    int err;

    (void)unused;
    if (self->serving) {
        return context_result(-EBUSY);
    }
    self->serving = true;
    err = serve(self);
    self->serving = false;
    return context_result(err);
}

/*
 * How long to wait at most. A signal that arrives between the look at Python's signals and the
 * wait does not end the wait: the next look is no later than this.
 */
static long long left_us(long long deadline)
{
    long long left = deadline - coreio_now_usec();

    return left < COREIO_INTERRUPT_USEC ? left : COREIO_INTERRUPT_USEC;
}

/* True when stop() was called since the last time. */
static bool take_stop(Context *self)
{
    uint64_t stops;

    return read(self->wake_fd, &stops, sizeof(stops)) == sizeof(stops);
}

PyObject *context_cancel_stop(Context *self, PyObject *unused)
{
    (void)unused;
    take_stop(self);
    Py_RETURN_NONE;
}

/* Serve until the deadline. As serve(). */
static int serve_until(Context *self, int fd, long long deadline)
{
    int err = serve(self);

    while (!err && !take_stop(self) && left_us(deadline) > 0) {
        wait_input(self, fd, left_us(deadline));
        err = PyErr_CheckSignals() < 0 ? -EINTR : serve(self);
    }
    return err;
}

PyObject *context_run_us(Context *self, PyObject *args)
{
    long long us;
    int fd, err;

    if (!PyArg_ParseTuple(args, "L:run_us", &us)) {
        return NULL;
    }
    if (self->serving) {
        return context_result(-EBUSY);
    }
    self->serving = true;
    fd = context_fd(self);
    err = fd < 0 ? fd : serve_until(self, fd, coreio_deadline(us));
    self->serving = false;
    return context_result(err);
}

PyObject *context_stop(Context *self, PyObject *unused)
{
    uint64_t one = 1;

    (void)unused;
    if (context_enter(self) < 0) {
        return NULL;
    }
    coreio_ctx_stop(self->ctx);
    context_leave(self);
    if (write(self->wake_fd, &one, sizeof(one)) < 0) {
        return context_result(-errno);
    }
    Py_RETURN_NONE;
}
