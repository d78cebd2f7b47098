/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA whose connection is refused, or ends where that hurts; tags at the end of their range. */
#include "ctx.h"
#include "dma_vm.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static uint8_t bytes[64 * 1024];
static struct completion done;

static void start(void)
{
    context_start();
    done = (struct completion){ 0 };
    dma_vm = (struct dma_vm){ .hold = 0 };
    for (unsigned i = 0; i < DMA_VM_SIZE; i++) {
        dma_vm.memory[i] = (uint8_t)(i * 7 + i / 256);
    }
}

static int begin(void)
{
    return coreio_ctx_dma_read(context.ctx, 0, 3, 0x40001000, 32, bytes, 0, complete, &done);
}

static int read_blocking(size_t len)
{
    return coreio_ctx_dma_read(context.ctx, 0, 0, DMA_VM_START, len, bytes, 0, NULL, NULL);
}

/* It may be the call that says so, or the completion. */
START_TEST(refused)
{
    int err;

    close(session.vm.listener);
    session.vm.listener = -1;
    err = begin();
    if (err == 0) {
        context_await(&done);
        err = done.err;
    }
    ck_assert_int_eq(err, -ECONNREFUSED);
    context_settle();
    ck_assert_uint_le(done.calls, 1);
}
END_TEST

/* Cut inside the header, inside the data, and before the last byte. */
START_TEST(closed_inside_a_reply)
{
    static const size_t cuts[] = { 1, 30, 63 };
    struct vector reply;
    uint8_t request[64];

    ck_assert_int_eq(begin(), 0);
    context_accept_dma();
    fake_vm_receive(&context.dma, request, sizeof(request));
    vector_load("dma-read-reply", &reply);
    memcpy(reply.bytes + 4, request + 4, 4);
    fake_vm_send(&context.dma, reply.bytes, cuts[_i]);
    fake_vm_hang_up(&context.dma);
    context_await(&done);
    ck_assert_int_eq(done.err, -ECONNRESET);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), 0);
    /* The next connection begins with a new packet. */
    done.calls = 0;
    ck_assert_int_eq(begin(), 0);
    context_accept_dma();
    fake_vm_receive(&context.dma, request, sizeof(request));
    memcpy(reply.bytes + 4, request + 4, 4);
    fake_vm_send(&context.dma, reply.bytes, reply.len);
    context_await(&done);
    ck_assert_int_eq(done.err, 0);
}
END_TEST

/* A blocking transfer only has the DMA connection in view: alive, it succeeds. */
START_TEST(without_the_first_connection)
{
    dma_vm_start();
    ck_assert_int_eq(read_blocking(1000), 0);
    fake_vm_abort(&session.vm);
    ck_assert_int_eq(read_blocking(sizeof(bytes)), 0);
    ck_assert_mem_eq(bytes, dma_vm.memory, sizeof(bytes));
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ECONNRESET);
    ck_assert_int_eq(read_blocking(1), -ECONNRESET);
    dma_vm_stop();
}
END_TEST

START_TEST(both_connections_end)
{
    dma_vm.hang_up = 100;
    dma_vm_start();
    fake_vm_abort(&session.vm);
    ck_assert_int_eq(read_blocking(sizeof(bytes)), -ECONNRESET);
    dma_vm_stop();
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ECONNRESET);
    ck_assert_uint_eq(context.disconnected, 1);
}
END_TEST

/* Tags have 32 bits. Nobody waits for four thousand million requests. */
START_TEST(tags_begin_again)
{
    context.ctx->dma.next_tag = UINT32_MAX - 500;
    dma_vm.hold = 1024;
    dma_vm.backwards = _i;
    dma_vm_start();
    ck_assert_int_eq(read_blocking(sizeof(bytes)), 0);
    ck_assert_mem_eq(bytes, dma_vm.memory, sizeof(bytes));
    ck_assert_uint_eq(context.ctx->dma.next_tag, sizeof(bytes) / 32 - 501);
    coreio_ctx_disconnect(context.ctx);
    dma_vm_stop();
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("dma_ends", false, &tcase);

    tcase_add_checked_fixture(tcase, start, context_end);
    tcase_add_test(tcase, refused);
    tcase_add_loop_test(tcase, closed_inside_a_reply, 0, 3);
    tcase_add_test(tcase, without_the_first_connection);
    tcase_add_test(tcase, both_connections_end);
    tcase_add_loop_test(tcase, tags_begin_again, 0, 2);
    return tap_run(suite);
}
