/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMA that is begun and completed later, byte for byte: requests as golden packets, and a VM that
 * answers late, wrongly, twice, or never.
 */
#include "context.h"

#include <errno.h>
#include <string.h>

static uint8_t bytes[64 * 1024];
static struct completion done;

static void start(void)
{
    context_start();
    done = (struct completion){ 0 };
    memset(bytes, 0, sizeof(bytes));
}

/* The transfer of dma-read: 32 bytes. */
static int read_golden(struct completion *completion)
{
    return coreio_ctx_dma_read(context.ctx, 0, 3, 0x40001000, 32, bytes, 0, complete, completion);
}

/* The transfer of dma-writea: 3 bytes. */
static int write_golden(struct completion *completion)
{
    static const uint8_t data[] = { 0xa1, 0xb2, 0xc3 };

    return coreio_ctx_dma_write(context.ctx, 2, 15, 0x4000101d, 3, data, 8, complete, completion);
}

/* Receive the golden request, whatever its tag is; the tag stays in `tag`. */
static void expect_request(const char *name, uint8_t tag[4])
{
    struct vector vector;
    uint8_t got[64];

    vector_load(name, &vector);
    fake_vm_receive(&context.dma, got, sizeof(got));
    memcpy(tag, got + 4, 4);
    memcpy(got + 4, vector.bytes + 4, 4);
    ck_assert_mem_eq(got, vector.bytes, sizeof(got));
}

static void send_reply(const char *name, const uint8_t tag[4])
{
    struct vector vector;

    vector_load(name, &vector);
    memcpy(vector.bytes + 4, tag, 4);
    fake_vm_send(&context.dma, vector.bytes, vector.len);
}

/* Once it has come back, all sent before it on the DMA connection has been dealt with. */
static void settle_dma(void)
{
    fake_vm_send_vector(&context.dma, "ping");
    fake_vm_expect_vector(&context.dma, "ping");
}

static void check_read(void)
{
    for (unsigned i = 0; i < 32; i++) {
        ck_assert_uint_eq(bytes[i], i + 1);
    }
    ck_assert_uint_eq(bytes[32], 0);
}

START_TEST(a_read)
{
    uint8_t tag[4];

    ck_assert_int_eq(read_golden(&done), 0);
    context_accept_dma();
    expect_request("dma-read", tag);
    ck_assert_uint_eq(done.calls, 0);
    send_reply("dma-read-reply", tag);
    context_await(&done);
    ck_assert_int_eq(done.err, 0);
    check_read();
}
END_TEST

START_TEST(a_write)
{
    uint8_t tag[4];

    ck_assert_int_eq(write_golden(&done), 0);
    context_accept_dma();
    expect_request("dma-writea", tag);
    send_reply("dma-writea", tag);
    context_await(&done);
    ck_assert_int_eq(done.err, 0);
}
END_TEST

START_TEST(a_refused_write)
{
    uint8_t tag[4];

    ck_assert_int_eq(write_golden(&done), 0);
    context_accept_dma();
    expect_request("dma-writea", tag);
    send_reply("dma-writea-error", tag);
    context_await(&done);
    ck_assert_int_eq(done.err, -EFAULT);
}
END_TEST

/* Length 0 needs no VM, and is completed as late as any other. */
START_TEST(nothing)
{
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, 0, 0, NULL, 0, complete, &done), 0);
    ck_assert_uint_eq(done.calls, 0);
    context_await(&done);
    ck_assert_int_eq(done.err, 0);
}
END_TEST

START_TEST(a_reply_split_at_every_byte)
{
    struct vector reply;
    uint8_t tag[4];

    ck_assert_int_eq(read_golden(&done), 0);
    context_accept_dma();
    expect_request("dma-read", tag);
    vector_load("dma-read-reply", &reply);
    memcpy(reply.bytes + 4, tag, 4);
    for (size_t i = 0; i < reply.len; i++) {
        ck_assert_uint_eq(done.calls, 0);
        fake_vm_send(&context.dma, reply.bytes + i, 1);
        ck_assert_int_eq(coreio_ctx_run(context.ctx, 100), 0);
    }
    context_await(&done);
    check_read();
}
END_TEST

/* n = 2: 128 bytes more, which are skipped. */
START_TEST(a_long_reply)
{
    struct vector reply;
    uint8_t long_reply[192], tag[4];

    ck_assert_int_eq(read_golden(&done), 0);
    context_accept_dma();
    expect_request("dma-read", tag);
    vector_load("dma-read-reply", &reply);
    memset(long_reply, 0xff, sizeof(long_reply));
    memcpy(long_reply, reply.bytes, 64);
    memcpy(long_reply + 4, tag, 4);
    long_reply[1] = 2;
    fake_vm_send(&context.dma, long_reply, sizeof(long_reply));
    context_await(&done);
    check_read();
    settle_dma();
}
END_TEST

/* What fits no request is dropped: other tags, another opcode, another size, a request. */
START_TEST(replies_that_fit_nothing)
{
    struct vector reply;
    uint8_t tag[4], other[4];

    ck_assert_int_eq(read_golden(&done), 0);
    context_accept_dma();
    expect_request("dma-read", tag);
    for (unsigned i = 0; i < 4; i++) {
        memcpy(other, tag, 4);
        other[i] ^= 0x84;
        send_reply("dma-read-reply", other);
    }
    send_reply("dma-writea", tag);
    send_reply("dma-writea-error", tag);
    vector_load("dma-read-reply", &reply);
    memcpy(reply.bytes + 4, tag, 4);
    reply.bytes[8] = 0x05; /* a WRITEA of that size */
    fake_vm_send(&context.dma, reply.bytes, reply.len);
    reply.bytes[8] = 0x01;
    reply.bytes[10] = 31;
    fake_vm_send(&context.dma, reply.bytes, reply.len);
    fake_vm_send_vector(&context.dma, "reset");
    fake_vm_send_vector(&context.dma, "read-1");
    settle_dma();
    ck_assert_uint_eq(done.calls, 0);
    ck_assert_uint_eq(bytes[0], 0);
    ck_assert_uint_eq(session.n_calls + context.resets, 0);
    send_reply("dma-read-reply", tag);
    context_await(&done);
    check_read();
}
END_TEST

START_TEST(a_reply_that_comes_twice)
{
    uint8_t tag[4];

    ck_assert_int_eq(read_golden(&done), 0);
    context_accept_dma();
    expect_request("dma-read", tag);
    send_reply("dma-read-reply", tag);
    send_reply("dma-read-reply", tag);
    settle_dma();
    ck_assert_uint_eq(done.calls, 1);
    bytes[0] = 0;
    send_reply("dma-read-reply", tag);
    settle_dma();
    ck_assert_uint_eq(done.calls, 1);
    ck_assert_uint_eq(bytes[0], 0);
}
END_TEST

/* Each way in which the end may come, with a request on its way and another in line. */
enum end { DMA_CLOSED, DMA_ABORTED, BOTH_ABORTED, DISCONNECTED, ENDS };

static int bring_end(enum end end)
{
    switch (end) {
    case DMA_CLOSED:
        fake_vm_hang_up(&context.dma);
        return -ECONNRESET;
    case DMA_ABORTED:
        fake_vm_abort(&context.dma);
        return -ECONNRESET;
    case BOTH_ABORTED:
        fake_vm_abort(&session.vm);
        return -ECONNRESET;
    default:
        coreio_ctx_disconnect(context.ctx);
        return -ECANCELED;
    }
}

START_TEST(every_completion_is_called_once)
{
    struct completion all[3] = { { 0 } };
    uint8_t tag[4];
    int err;

    ck_assert_int_eq(read_golden(&all[0]), 0);
    context_accept_dma();
    expect_request("dma-read", tag);
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, 0, sizeof(bytes), bytes, 0, complete,
                                         &all[1]), 0);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 0), 0);
    ck_assert_int_eq(write_golden(&all[2]), 0);
    err = bring_end(_i);
    for (unsigned i = 0; i < 3; i++) {
        context_await(&all[i]);
        ck_assert_int_eq(all[i].err, err);
    }
    coreio_ctx_run(context.ctx, 1000);
    coreio_ctx_disconnect(context.ctx);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(all[i].calls, 1);
    }
}
END_TEST

/* The VM answers that many requests for reading: with what they carry. */
static void echo(size_t requests)
{
    static uint8_t packets[1024 * 64];

    fake_vm_receive(&context.dma, packets, requests * 64);
    fake_vm_send(&context.dma, packets, requests * 64);
}

/* Its slot has a request again, with another tag. */
START_TEST(a_reply_that_comes_1024_requests_late)
{
    uint8_t first[4], tag[4];

    ck_assert_int_eq(read_golden(&done), 0);
    context_accept_dma();
    expect_request("dma-read", first);
    send_reply("dma-read-reply", first);
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, 0, 1023 * 32, bytes, 0, complete,
                                         &done), 0);
    echo(1023);
    ck_assert_int_eq(read_golden(&done), 0);
    expect_request("dma-read", tag);
    settle_dma();
    ck_assert_uint_eq(done.calls, 2);
    send_reply("dma-read-reply", first);
    settle_dma();
    ck_assert_uint_eq(done.calls, 2);
    send_reply("dma-read-reply", tag);
    settle_dma();
    ck_assert_uint_eq(done.calls, 3);
}
END_TEST

static char order[3];

static void note(void *cplp, int err)
{
    ck_assert_int_eq(err, -ECONNRESET);
    strcat(order, cplp);
}

/* Their requests lie on both sides of the end of the 1024 slots, which are used again from 0. */
START_TEST(transfers_that_fail_finish_in_order)
{
    uint8_t packets[60 * 64];

    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, 0, 1000 * 32, bytes, 0, complete,
                                         &done), 0);
    context_accept_dma();
    echo(1000);
    context_await(&done);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, 0, 30 * 32, bytes, 0, note,
                                             i == 0 ? "1" : "2"), 0);
    }
    fake_vm_receive(&context.dma, packets, sizeof(packets));
    fake_vm_abort(&context.dma);
    while (strlen(order) < 2) {
        ck_assert_int_eq(coreio_ctx_run(context.ctx, 1000), 0);
    }
    ck_assert_str_eq(order, "12");
}
END_TEST

static void call_what_is_refused(void *cplp, int err)
{
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 0), -EBUSY);
    ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), -EBUSY);
    ck_assert_int_eq(coreio_ctx_free(context.ctx), -EBUSY);
    complete(cplp, err);
}

START_TEST(refused_inside_a_completion)
{
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, 0, 1, bytes, 0, call_what_is_refused,
                                         &done), 0);
    context_accept_dma();
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(done.err, -ECANCELED);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
    context_settle();
}
END_TEST

START_TEST(freed_with_transfers)
{
    ck_assert_int_eq(read_golden(&done), 0);
    ck_assert_int_eq(coreio_ctx_free(context.ctx), 0);
    ck_assert_uint_eq(done.calls, 1);
    ck_assert_int_eq(done.err, -ECANCELED);
    context.ctx = NULL;
}
END_TEST

/* Over the limit a transfer is refused, and once another one has finished it is not. */
START_TEST(as_many_transfers_as_may_be)
{
    uint8_t tag[4];

    for (unsigned i = 0; i < COREIO_DMA_TRANSFERS_MAX; i++) {
        ck_assert_int_eq(read_golden(&done), 0);
    }
    ck_assert_int_eq(read_golden(&done), -EAGAIN);
    context_accept_dma();
    expect_request("dma-read", tag);
    send_reply("dma-read-reply", tag);
    context_await(&done);
    ck_assert_int_eq(read_golden(&done), 0);
    for (unsigned i = 0; i < COREIO_DMA_TRANSFERS_MAX; i++) {
        expect_request("dma-read", tag);
        send_reply("dma-read-reply", tag);
    }
    settle_dma();
    ck_assert_uint_eq(done.calls, COREIO_DMA_TRANSFERS_MAX + 1);
}
END_TEST

static unsigned left;

static void read_again(void *cplp, int err)
{
    ck_assert_int_eq(err, 0);
    if (--left > 0) {
        ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 3, 0x40001000, 32, bytes, 0,
                                             read_again, cplp), 0);
    } else {
        complete(cplp, 0);
    }
}

static void nothing_again(void *cplp, int err)
{
    complete(cplp, err);
    coreio_ctx_dma_read(context.ctx, 0, 0, 0, 0, NULL, 0, nothing_again, cplp);
}

/* Such a transfer is finished at once, and yet serving it comes to an end. */
START_TEST(a_completion_begins_nothing_again_and_again)
{
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, 0, 0, NULL, 0, nothing_again, &done),
                     0);
    for (unsigned i = 0; i < 10; i++) {
        ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), 0);
    }
    ck_assert_uint_ge(done.calls, 10);
}
END_TEST

START_TEST(a_completion_begins_the_next_transfer)
{
    uint8_t tag[4];

    left = 50;
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 3, 0x40001000, 32, bytes, 0, read_again,
                                         &done), 0);
    context_accept_dma();
    for (unsigned i = 0; i < 50; i++) {
        expect_request("dma-read", tag);
        send_reply("dma-read-reply", tag);
    }
    context_await(&done);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("dma_async", false, &tcase);

    tcase_add_checked_fixture(tcase, start, context_end);
    tcase_add_test(tcase, a_read);
    tcase_add_test(tcase, a_write);
    tcase_add_test(tcase, a_refused_write);
    tcase_add_test(tcase, nothing);
    tcase_add_test(tcase, a_reply_split_at_every_byte);
    tcase_add_test(tcase, a_long_reply);
    tcase_add_test(tcase, replies_that_fit_nothing);
    tcase_add_test(tcase, a_reply_that_comes_twice);
    tcase_add_loop_test(tcase, every_completion_is_called_once, 0, ENDS);
    tcase_add_test(tcase, a_reply_that_comes_1024_requests_late);
    tcase_add_test(tcase, transfers_that_fail_finish_in_order);
    tcase_add_test(tcase, refused_inside_a_completion);
    tcase_add_test(tcase, freed_with_transfers);
    tcase_add_test(tcase, as_many_transfers_as_may_be);
    tcase_add_test(tcase, a_completion_begins_nothing_again_and_again);
    tcase_add_test(tcase, a_completion_begins_the_next_transfer);
    return tap_run(suite);
}
