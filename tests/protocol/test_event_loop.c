/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one descriptor for a foreign event loop: readable when there is something to do, whatever it
 * is, and quiet when there is not. Each test sleeps in poll() alone.
 */
#include "dma_vm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS_MAX 100 /* more than there is to do; an idle loop that goes on spins */

static int ctx_fd;

static bool readable(int timeout_ms)
{
    struct pollfd wait = { .fd = ctx_fd, .events = POLLIN };

    return poll(&wait, 1, timeout_ms) == 1;
}

/* The loop of a program. While the VM waits for the client, its work is this and no more. */
static void turn(void)
{
    if (readable(1)) {
        coreio_ctx_dispatch(context.ctx);
    }
}

static void start(void)
{
    context_listen();
    ctx_fd = coreio_ctx_fd(context.ctx);
    ck_assert_int_ge(ctx_fd, 0);
    session.vm.idle = context.dma.idle = turn;
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
}

static void check_quiet(void)
{
    for (unsigned turns = 0; readable(0); turns++) {
        ck_assert_uint_lt(turns, TURNS_MAX);
        coreio_ctx_dispatch(context.ctx);
    }
    ck_assert(!readable(20));
    ck_assert_int_eq(coreio_ctx_fd(context.ctx), ctx_fd);
}

START_TEST(requests)
{
    check_quiet();
    for (unsigned i = 0; i < 10; i++) {
        fake_vm_send_vector(&session.vm, "read-32-fetch");
        fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
    }
    check_quiet();
}
END_TEST

START_TEST(a_loss_and_a_new_connection)
{
    for (unsigned i = 1; i <= 3; i++) {
        fake_vm_abort(&session.vm);
        ck_assert(readable(10000));
        ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), -ECONNRESET);
        ck_assert_uint_eq(context.disconnected, i);
        check_quiet();
        ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), 0);
        context_accept();
        ck_assert_uint_eq(context.connected, i);
        check_quiet();
    }
}
END_TEST

/* The connection has ended in a call of the program, and its socket is closed. */
START_TEST(a_loss_that_an_update_noticed)
{
    check_quiet();
    fake_vm_abort(&session.vm);
    while (coreio_ctx_status(context.ctx) == 0) {
        ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 0, 0, session.n_calls++ % 2), 0);
    }
    ck_assert(readable(10000));
    ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), -ECONNRESET);
    ck_assert_uint_eq(context.disconnected, 1);
    check_quiet();
}
END_TEST

START_TEST(a_refused_connection)
{
    struct fake_vm deaf;

    coreio_ctx_disconnect(context.ctx);
    fake_vm_bind(&deaf, NULL);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, deaf.target), 0);
    while (coreio_ctx_status(context.ctx) == -EINPROGRESS) {
        ck_assert(readable(10000));
        coreio_ctx_dispatch(context.ctx);
    }
    ck_assert(context.disconnected == 1 || readable(10000));
    coreio_ctx_dispatch(context.ctx);
    ck_assert_uint_eq(context.disconnected, 1);
    check_quiet();
    fake_vm_stop(&deaf);
}
END_TEST

START_TEST(automatic_reconnect)
{
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 1, 5), 0);
    for (unsigned i = 1; i <= 5; i++) {
        fake_vm_hang_up(&session.vm);
        context_accept();
        ck_assert_uint_eq(context.connected, i);
        check_quiet();
    }
}
END_TEST

static pid_t fork_child(void)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    return child;
}

/* The child has the client's sockets too, so that those the library closes are not gone. */
START_TEST(a_loss_with_a_forked_process)
{
    pid_t child = fork_child();

    if (child == 0) {
        fake_vm_stop(&session.vm);
        pause();
    }
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 3600000, 3600000), 0);
    fake_vm_hang_up(&session.vm);
    ck_assert(readable(10000));
    check_quiet();
    ck_assert_int_eq(coreio_ctx_status(context.ctx), -EINPROGRESS);
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
    check_quiet();
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

/* A child that frees its context, as one that ends in order does, has no part in its parent's. */
START_TEST(a_forked_process_that_frees_the_context)
{
    int status;
    pid_t child = fork_child();

    if (child == 0) {
        _exit(coreio_ctx_free(context.ctx) != 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
    check_quiet();
}
END_TEST

/* What goes on in the child of a daemon: answer until the VM ends, once the parent has freed. */
static bool goes_on(int freed)
{
    char byte;

    fake_vm_stop(&session.vm);
    if (read(freed, &byte, 1) != 0) {
        return false;
    }
    while (readable(10000) && coreio_ctx_dispatch(context.ctx) == 0) {
    }
    return coreio_ctx_status(context.ctx) == -ECONNRESET && coreio_ctx_free(context.ctx) == 0;
}

START_TEST(a_forked_process_that_goes_on)
{
    int freed[2], status;
    pid_t child;

    ck_assert_int_eq(pipe(freed), 0);
    child = fork_child();
    if (child == 0) {
        close(freed[1]);
        _exit(!goes_on(freed[0]));
    }
    ck_assert_int_eq(coreio_ctx_free(context.ctx), 0);
    context.ctx = NULL;
    session.vm.idle = NULL;
    close(freed[0]);
    close(freed[1]);
    for (unsigned i = 0; i < 3; i++) {
        fake_vm_send_vector(&session.vm, "read-32-fetch");
        fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
    }
    fake_vm_hang_up(&session.vm);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* Nor does it keep the parent from its next attempt to connect. */
START_TEST(a_forked_process_that_frees_a_waiting_context)
{
    pid_t child;

    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 100, 100), 0);
    fake_vm_hang_up(&session.vm);
    ck_assert(readable(10000));
    coreio_ctx_dispatch(context.ctx);
    child = fork_child();
    if (child == 0) {
        _exit(coreio_ctx_free(context.ctx) != 0);
    }
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    context_accept();
    check_quiet();
}
END_TEST

START_TEST(asynchronous_dma)
{
    struct completion done = { 0 };
    struct vector request, reply;
    uint8_t bytes[32], got[64];

    vector_load("dma-read", &request);
    vector_load("dma-read-reply", &reply);
    for (unsigned i = 1; i <= 5; i++) {
        ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 3, 0x40001000, 32, bytes, 0, complete,
                                             &done), 0);
        ck_assert(readable(10000));
        if (i == 1) {
            context_accept_dma();
        }
        fake_vm_receive(&context.dma, got, sizeof(got));
        check_quiet();
        memcpy(reply.bytes + 4, got + 4, 4);
        fake_vm_send(&context.dma, reply.bytes, reply.len);
        while (done.calls < i) {
            ck_assert(readable(10000));
            coreio_ctx_dispatch(context.ctx);
        }
        check_quiet();
    }
    fake_vm_hang_up(&context.dma);
    ck_assert(readable(10000));
    ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), 0);
    check_quiet();
}
END_TEST

/* Nothing comes from the VM for these, and yet there is something to do. */
START_TEST(completions_without_the_vm)
{
    struct completion done = { 0 };

    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, 0, 0, NULL, 0, complete, &done), 0);
    ck_assert(readable(10000));
    ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), 0);
    ck_assert_uint_eq(done.calls, 1);
    check_quiet();
}
END_TEST

/* The reply to it comes while a call blocks for another transfer. */
START_TEST(completions_that_a_call_has_left)
{
    struct completion done = { 0 };
    uint8_t bytes[2][32];

    dma_vm.hold = 2;
    dma_vm_start();
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, DMA_VM_START, 32, bytes[0], 0, complete,
                                         &done), 0);
    check_quiet();
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, DMA_VM_START, 32, bytes[1], 0, NULL,
                                         NULL), 0);
    ck_assert(readable(10000));
    ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), 0);
    ck_assert_uint_eq(done.calls, 1);
    coreio_ctx_disconnect(context.ctx);
    dma_vm_stop();
}
END_TEST

static void stop(void)
{
    coreio_ctx_stop(context.ctx);
}

START_TEST(requests_left_by_a_stop)
{
    struct vector request;

    vector_load("writea-8", &request);
    memcpy(request.bytes + 64, request.bytes, 64);
    session.during = stop;
    fake_vm_send(&session.vm, request.bytes, 128);
    for (unsigned i = 1; i <= 2; i++) {
        ck_assert(readable(10000));
        ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), 0);
        ck_assert_uint_eq(session.n_calls, i);
    }
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("event_loop", false, &tcase);

    tcase_add_checked_fixture(tcase, start, context_end);
    tcase_add_test(tcase, requests);
    tcase_add_test(tcase, a_loss_and_a_new_connection);
    tcase_add_test(tcase, a_loss_that_an_update_noticed);
    tcase_add_test(tcase, a_refused_connection);
    tcase_add_test(tcase, automatic_reconnect);
    tcase_add_test(tcase, a_loss_with_a_forked_process);
    tcase_add_test(tcase, a_forked_process_that_frees_the_context);
    tcase_add_test(tcase, a_forked_process_that_goes_on);
    tcase_add_test(tcase, a_forked_process_that_frees_a_waiting_context);
    tcase_add_test(tcase, asynchronous_dma);
    tcase_add_test(tcase, completions_without_the_vm);
    tcase_add_test(tcase, completions_that_a_call_has_left);
    tcase_add_test(tcase, requests_left_by_a_stop);
    return tap_run(suite);
}
