/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that has no memory for another watched socket: the descriptor for a foreign event loop
 * stands for it all the same. The linker brings the library's epoll_ctl() here first (--wrap).
 */
#include "context.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

static struct pollfd wait = { .events = POLLIN };
static int refusal; /* errno of epoll_ctl(); 0: it works */

int __real_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);

int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    if (refusal && operation == EPOLL_CTL_ADD) {
        errno = refusal;
        return -1;
    }
    return __real_epoll_ctl(epoll, operation, fd, event);
}

/* The loop of a program that sleeps in poll() alone. */
static void turn(void)
{
    if (poll(&wait, 1, 1) == 1) {
        coreio_ctx_dispatch(context.ctx);
    }
}

static void start(void)
{
    context_listen();
    wait.fd = coreio_ctx_fd(context.ctx);
    ck_assert_int_ge(wait.fd, 0);
    session.vm.idle = turn;
}

static void check_served(void)
{
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
}

START_TEST(is_served)
{
    static const int refusals[] = { ENOMEM, ENOSPC };

    refusal = refusals[_i];
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
    for (unsigned i = 0; i < 3; i++) {
        check_served();
    }
    /* There is memory again: no timer goes off any more, and requests arrive. */
    refusal = 0;
    ck_assert_int_eq(poll(&wait, 1, 10000), 1);
    ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), 0);
    ck_assert_int_eq(poll(&wait, 1, 50), 0);
    check_served();
}
END_TEST

/* Calls that come more often than the timer goes off do not put it off for ever. */
START_TEST(is_served_among_other_calls)
{
    unsigned level = 0;

    refusal = ENOMEM;
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
    fake_vm_send_vector(&session.vm, "write-1");
    for (unsigned i = 0; i < 10000 && session.n_calls == 0; i++) {
        level = !level;
        ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 0, 0, level), 0);
        fake_vm_receive(&session.vm, (char[64]){ 0 }, 64);
        turn();
    }
    session_only_call("write");
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("unwatched", false, &tcase);

    tcase_add_checked_fixture(tcase, start, context_end);
    tcase_add_loop_test(tcase, is_served, 0, 2);
    tcase_add_test(tcase, is_served_among_other_calls);
    return tap_run(suite);
}
