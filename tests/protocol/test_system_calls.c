/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the library costs, counted and not timed: system calls by request, requests by system call,
 * and that it spins where it is asked to. The linker brings the library's calls here first
 * (--wrap); only those of a thread that counts are counted, so that the VM's are not.
 */
#include "dma_vm.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#define LONG_USEC 600000000 /* never over before the test */

static struct counts {
    unsigned sends, receives, polls, changes;
    unsigned sleeps; /* receives that wait */
} counts;
static _Thread_local bool counting;
static struct completion done;

ssize_t __real_send(int fd, const void *buf, size_t len, int flags);
ssize_t __real_recv(int fd, void *buf, size_t len, int flags);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __real_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask);
int __real_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);

ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask);
int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);

ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)
{
    counts.sends += counting;
    return __real_send(fd, buf, len, flags);
}

ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags)
{
    counts.receives += counting;
    counts.sleeps += counting && !(flags & MSG_DONTWAIT);
    return __real_recv(fd, buf, len, flags);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    counts.polls += counting;
    return __real_poll(fds, count, timeout);
}

int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask)
{
    counts.polls += counting;
    return __real_ppoll(fds, count, timeout, mask);
}

int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    counts.changes += counting;
    return __real_epoll_ctl(epoll, operation, fd, event);
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
    counts.changes += counting;
    return __real_timerfd_settime(fd, flags, new, old);
}

static void start(void)
{
    context_start();
    counts = (struct counts){ .sends = 0 };
    done = (struct completion){ 0 };
    dma_vm = (struct dma_vm){ .hold = 0 };
}

/* The run of a thread, to its end. */
static int result;

static void *run(void *usec)
{
    counting = true;
    result = coreio_ctx_run(context.ctx, *(const long long *)usec);
    return NULL;
}

/* As many requests, each after the reply to the one before, to a context that runs for `usec`. */
static void serve_requests(unsigned n, long long usec)
{
    pthread_t thread;

    session.vm.idle = NULL;
    ck_assert_int_eq(pthread_create(&thread, NULL, run, &usec), 0);
    for (unsigned i = 0; i < n; i++) {
        fake_vm_send_vector(&session.vm, "read-32-fetch");
        fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
    }
    fake_vm_hang_up(&session.vm);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(result, -ECONNRESET);
}

/* The last receive is that of the end. */
START_TEST(two_calls_a_request)
{
    serve_requests(100, -1);
    ck_assert_uint_eq(counts.sends, 100);
    ck_assert_uint_eq(counts.receives, 101);
    ck_assert_uint_eq(counts.polls, 0);
}
END_TEST

START_TEST(three_calls_a_request_in_a_run_with_an_end)
{
    serve_requests(100, LONG_USEC);
    ck_assert_uint_eq(counts.sends, 100);
    ck_assert_uint_eq(counts.receives, 101);
    ck_assert_uint_le(counts.polls, 102);
}
END_TEST

/* No sleep, in ppoll() or in recv(), neither with an end nor without. */
START_TEST(a_spinning_run)
{
    coreio_ctx_set_spin(context.ctx, LONG_USEC);
    serve_requests(100, _i ? LONG_USEC : -1);
    ck_assert_uint_eq(counts.sends, 100);
    ck_assert_uint_gt(counts.receives, 100);
    ck_assert_uint_eq(counts.sleeps, 0);
    ck_assert_uint_eq(counts.polls, 0);
}
END_TEST

/* Requests that arrive together are received together. */
START_TEST(one_receive_for_many_requests)
{
    struct vector write;
    uint8_t many[50 * 64];

    vector_load("write-1", &write);
    for (unsigned i = 0; i < 50; i++) {
        memcpy(many + i * 64, write.bytes, 64);
    }
    fake_vm_send(&session.vm, many, sizeof(many));
    counting = true;
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 0), 0);
    counting = false;
    ck_assert_uint_eq(session.n_calls, 50);
    ck_assert_uint_eq(counts.receives, 1);
    ck_assert_uint_eq(counts.sends, 0);
}
END_TEST

/* Asked by its own event loop, the descriptor is what it was before. */
START_TEST(two_calls_a_dispatch)
{
    struct pollfd wait = { .fd = coreio_ctx_fd(context.ctx), .events = POLLIN };

    for (unsigned i = 0; i < 10; i++) {
        fake_vm_send_vector(&session.vm, "read-32-fetch");
        ck_assert_int_eq(poll(&wait, 1, 10000), 1);
        counting = true;
        ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), 0);
        counting = false;
        fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
    }
    ck_assert_uint_eq(counts.sends, 10);
    ck_assert_uint_eq(counts.receives, 10);
    ck_assert_uint_eq(counts.polls + counts.changes, 0);
}
END_TEST

static void read_32(unsigned n)
{
    static uint8_t bytes[32];

    for (unsigned i = 0; i < n; i++) {
        ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, i * 32, 32, bytes, 0, complete,
                                             &done), 0);
    }
}

/* 100 transfers, 100 requests, one send(); and one receive for 100 replies. */
START_TEST(one_call_for_many_dma_requests)
{
    uint8_t requests[100 * 64];

    read_32(1);
    context_accept_dma();
    fake_vm_receive(&context.dma, requests, 64);
    counting = true;
    read_32(100);
    ck_assert_uint_eq(counts.sends, 0);
    ck_assert_int_eq(coreio_ctx_flush(context.ctx, -1), 0);
    counting = false;
    ck_assert_uint_eq(counts.sends, 1);
    fake_vm_receive(&context.dma, requests, sizeof(requests));
    /* Each request is the reply to itself. */
    fake_vm_send(&context.dma, requests, sizeof(requests));
    counting = true;
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 0), 0);
    counting = false;
    ck_assert_uint_eq(done.calls, 100);
    ck_assert_uint_eq(counts.receives, 1);
}
END_TEST

/* A blocking transfer of 1024 requests: one send(), and not one receive each. */
START_TEST(a_blocking_transfer)
{
    static uint8_t bytes[32 * 1024];

    dma_vm.hold = 1024;
    dma_vm_start();
    counting = true;
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, DMA_VM_START, sizeof(bytes), bytes, 0,
                                         NULL, NULL), 0);
    counting = false;
    ck_assert_uint_le(counts.sends, 8);
    coreio_ctx_disconnect(context.ctx);
    dma_vm_stop();
}
END_TEST

START_TEST(a_spinning_transfer)
{
    uint8_t bytes[32];

    coreio_ctx_set_spin(context.ctx, _i ? LONG_USEC : 0);
    dma_vm_start();
    counting = true;
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, DMA_VM_START, 32, bytes, 0, NULL,
                                             NULL), 0);
    }
    counting = false;
    ck_assert_uint_eq(counts.sends, 100);
    ck_assert_uint_eq(counts.sleeps, 0);
    if (_i) {
        /* Connecting may take one. */
        ck_assert_uint_le(counts.polls, 1);
    } else {
        ck_assert_uint_ge(counts.polls, 100);
    }
    coreio_ctx_disconnect(context.ctx);
    dma_vm_stop();
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("system_calls", false, &tcase);

    tcase_add_checked_fixture(tcase, start, context_end);
    tcase_add_test(tcase, two_calls_a_request);
    tcase_add_test(tcase, three_calls_a_request_in_a_run_with_an_end);
    tcase_add_loop_test(tcase, a_spinning_run, 0, 2);
    tcase_add_test(tcase, one_receive_for_many_requests);
    tcase_add_test(tcase, two_calls_a_dispatch);
    tcase_add_test(tcase, one_call_for_many_dma_requests);
    tcase_add_test(tcase, a_blocking_transfer);
    tcase_add_loop_test(tcase, a_spinning_transfer, 0, 2);
    return tap_run(suite);
}
