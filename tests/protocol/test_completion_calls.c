/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the completion of a DMA transfer calls, in its turn and when everything ends. */
#include "context.h"

#include <dirent.h>
#include <errno.h>

static uint8_t bytes[64];
static unsigned calls;
static int last_err;

static int read_with(void (*cpl)(void *cplp, int err))
{
    return coreio_ctx_dma_read(context.ctx, 0, 3, 0x40001000, 32, bytes, 0, cpl, NULL);
}

static void start(void)
{
    context_start();
    calls = 0;
}

static void count(void *cplp, int err)
{
    (void)cplp;
    calls++;
    last_err = err;
}

static void disconnect(void *cplp, int err)
{
    coreio_ctx_disconnect(context.ctx);
    count(cplp, err);
}

/* The VM accepts the DMA connection, so that the next one is another first one. No dispatch. */
static void begin(void (*cpl)(void *cplp, int err))
{
    ck_assert_int_eq(read_with(cpl), 0);
    ck_assert_int_eq(read_with(cpl), 0);
    context.dma.idle = NULL;
    context_accept_dma();
}

/* A transfer without bytes is finished first; the others end inside its completion. */
static void begin_and_end_in(void (*cpl)(void *cplp, int err))
{
    begin(count);
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, 0, 0, NULL, 0, cpl, NULL), 0);
}

START_TEST(disconnects)
{
    begin_and_end_in(disconnect);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ENOTCONN);
    fake_vm_expect_closed(&session.vm);
    ck_assert_uint_eq(calls, 3);
    ck_assert_uint_eq(context.disconnected, 0);
}
END_TEST

static void connect_anew(void *cplp, int err)
{
    disconnect(cplp, err);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    ck_assert_int_eq(read_with(count), 0);
}

/* The transfer that it begins is one of the new connection. */
START_TEST(disconnects_and_connects)
{
    begin_and_end_in(connect_anew);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 0), 0);
    ck_assert_uint_eq(calls, 3);
    context_accept();
    context_settle();
    ck_assert_uint_eq(calls, 3);
    coreio_ctx_disconnect(context.ctx);
    ck_assert_uint_eq(calls, 4);
    ck_assert_int_eq(last_err, -ECANCELED);
}
END_TEST

static void connect_after_loss(void *cplp, int err)
{
    count(cplp, err);
    if (calls == 1) {
        ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), 0);
    }
}

START_TEST(connects_after_a_loss)
{
    begin(connect_after_loss);
    fake_vm_abort(&session.vm);
    while (calls == 0) {
        coreio_ctx_run(context.ctx, 1000);
    }
    context_accept();
    ck_assert_uint_eq(calls, 2);
    ck_assert_int_eq(last_err, -ECONNRESET);
    ck_assert_uint_eq(context.connected, 1);
    ck_assert_uint_eq(context.disconnected, 0);
}
END_TEST

static void try_what_is_refused(void *cplp, int err)
{
    count(cplp, err);
    ck_assert_int_eq(coreio_ctx_free(context.ctx), -EBUSY);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 0), -EBUSY);
    ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), -EBUSY);
}

START_TEST(is_a_callback_like_others)
{
    begin_and_end_in(try_what_is_refused);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 0), 0);
    ck_assert_uint_eq(calls, 1);
}
END_TEST

/* Nothing begins any more, whatever was asked for, in the order of the checks. */
static void begin_at_the_end(void *cplp, int err)
{
    try_what_is_refused(cplp, err);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), -ECANCELED);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), -ECANCELED);
    ck_assert_int_eq(read_with(count), -ECANCELED);
    ck_assert_int_eq(read_with(NULL), -ECANCELED);
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(read_with(count), -ECANCELED);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), -ENOTCONN);
}

START_TEST(begins_nothing_in_a_disconnect)
{
    begin(begin_at_the_end);
    coreio_ctx_disconnect(context.ctx);
    ck_assert_uint_eq(calls, 2);
    ck_assert_int_eq(last_err, -ECANCELED);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), -ENOTCONN);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
    context_settle();
}
END_TEST

static unsigned open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned count_of = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir)) {
        count_of++;
    }
    closedir(dir);
    return count_of;
}

/* Watched or not (_i): the descriptor goes too. */
START_TEST(begins_nothing_while_the_context_is_freed)
{
    unsigned before;

    coreio_ctx_disconnect(context.ctx);
    before = open_descriptors();
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    ck_assert(!_i || coreio_ctx_fd(context.ctx) >= 0);
    ck_assert_int_eq(read_with(begin_at_the_end), 0);
    ck_assert_int_eq(coreio_ctx_free(context.ctx), 0);
    context.ctx = NULL;
    ck_assert_uint_eq(calls, 1);
    ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

static void connect_compatible(void *cplp, int err)
{
    count(cplp, err);
    ck_assert_int_eq(coreio_connect(session.vm.target), -ECANCELED);
    ck_assert_int_eq(coreio_register(1, &session_func, NULL), -ENOTCONN);
}

START_TEST(begins_nothing_in_a_compatible_disconnect)
{
    ck_assert_int_eq(coreio_connect(session.vm.target), 0);
    ck_assert_int_eq(coreio_dma_read(0, 0, 0, 1, bytes, 0, connect_compatible, NULL), 0);
    coreio_disconnect();
    ck_assert_uint_eq(calls, 1);
    ck_assert_int_eq(coreio_mainloop(0), -ENOTCONN);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("completion_calls", false, &tcase);

    tcase_add_checked_fixture(tcase, start, context_end);
    tcase_add_test(tcase, disconnects);
    tcase_add_test(tcase, disconnects_and_connects);
    tcase_add_test(tcase, connects_after_a_loss);
    tcase_add_test(tcase, is_a_callback_like_others);
    tcase_add_test(tcase, begins_nothing_in_a_disconnect);
    tcase_add_loop_test(tcase, begins_nothing_while_the_context_is_freed, 0, 2);
    tcase_add_test(tcase, begins_nothing_in_a_compatible_disconnect);
    return tap_run(suite);
}
