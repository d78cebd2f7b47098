/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running and flushing: with and without an end, spinning, against a VM that does not read. */
#include "clock.h"
#include "dma_vm.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static int result;

static void *run(void *ctx)
{
    result = coreio_ctx_run(ctx, -1);
    return NULL;
}

/* A run without an end, in a thread, sleeping or spinning (_i), is woken by each request. */
START_TEST(served_without_an_end)
{
    pthread_t thread;

    coreio_ctx_set_spin(context.ctx, _i ? 500 : 0);
    session.vm.idle = NULL;
    ck_assert_int_eq(pthread_create(&thread, NULL, run, context.ctx), 0);
    for (unsigned i = 0; i < 100; i++) {
        fake_vm_send_vector(&session.vm, "read-32-fetch");
        fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
    }
    fake_vm_hang_up(&session.vm);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(result, -ECONNRESET);
    ck_assert_uint_eq(session.n_calls, 100);
}
END_TEST

START_TEST(not_before_the_time_is_over)
{
    long long start = now_usec();

    coreio_ctx_set_spin(context.ctx, _i ? 1000 : 0);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 50000), 0);
    ck_assert_int_ge(now_usec() - start, 50000);
}
END_TEST

/* What the VM does not read fills the queue: -EAGAIN, and no level is lost. */
START_TEST(a_full_queue_is_flushed)
{
    struct vector updates[2];
    size_t accepted = 0;

    vector_load("irq-raise", &updates[0]);
    vector_load("irq-lower", &updates[1]);
    coreio_ctx_disconnect(context.ctx);
    fake_vm_limit_window(&session.vm);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
    fake_vm_limit_buffers(&session.vm);
    while (coreio_ctx_irq_update(context.ctx, 2, 5, accepted % 2 == 0) == 0) {
        accepted++;
    }
    ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 2, 5, accepted % 2 == 0), -EAGAIN);
    ck_assert_int_eq(coreio_ctx_register(context.ctx, 7, &session_func, &session), -EAGAIN);
    ck_assert_int_eq(coreio_ctx_flush(context.ctx, 1000), -EAGAIN);
    for (size_t i = 0; i < accepted; i++) {
        fake_vm_expect(&session.vm, updates[i % 2].bytes, updates[i % 2].len);
    }
    ck_assert_int_eq(coreio_ctx_flush(context.ctx, -1), 0);
    ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 2, 5, accepted % 2 == 0), 0);
    fake_vm_expect(&session.vm, updates[accepted % 2].bytes, updates[accepted % 2].len);
    context_settle();
}
END_TEST

static void stop(void *cplp, int err)
{
    ck_assert_int_eq(err, 0);
    coreio_ctx_stop(cplp);
}

/* Nothing comes on the first connection. */
START_TEST(woken_by_a_reply_to_dma)
{
    uint8_t bytes[32];

    dma_vm_start();
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, DMA_VM_START, sizeof(bytes), bytes, 0,
                                         stop, context.ctx), 0);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), 0);
    coreio_ctx_disconnect(context.ctx);
    dma_vm_stop();
}
END_TEST

/* No dispatch between the call and the request's arrival, on a new connection and on that one. */
START_TEST(flush_sends_dma_requests)
{
    struct completion done = { 0 };
    uint8_t bytes[32], got[64];

    context.dma.idle = NULL;
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 3, 0x40001000, 32, bytes, 0, complete,
                                             &done), 0);
        ck_assert_int_eq(coreio_ctx_flush(context.ctx, -1), 0);
        if (i == 0) {
            fake_vm_accept(&context.dma);
        }
        fake_vm_receive(&context.dma, got, sizeof(got));
    }
    ck_assert_uint_eq(done.calls, 0);
    /* While `done` is there. */
    coreio_ctx_disconnect(context.ctx);
    ck_assert_uint_eq(done.calls, 2);
}
END_TEST

START_TEST(flush_notices_the_end)
{
    fake_vm_abort(&session.vm);
    while (coreio_ctx_irq_update(context.ctx, 0, 0, session.n_calls++ % 2) == 0 &&
           coreio_ctx_status(context.ctx) == 0) {
    }
    ck_assert_int_eq(coreio_ctx_flush(context.ctx, -1), -ECONNRESET);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("run", true, &tcase);

    tcase_add_loop_test(tcase, served_without_an_end, 0, 2);
    tcase_add_loop_test(tcase, not_before_the_time_is_over, 0, 2);
    tcase_add_test(tcase, a_full_queue_is_flushed);
    tcase_add_test(tcase, woken_by_a_reply_to_dma);
    tcase_add_test(tcase, flush_sends_dma_requests);
    tcase_add_test(tcase, flush_notices_the_end);
    return tap_run(suite);
}
