/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "context.h"

#include <time.h>

#define STEP_SECONDS 10

struct context context;

static void on_connected(void *priv)
{
    ck_assert_ptr_eq(priv, &context);
    context.connected++;
}

static void on_disconnected(void *priv, int err)
{
    ck_assert_ptr_eq(priv, &context);
    context.disconnected++;
    context.reason = err;
}

static void on_reset(void *priv, unsigned rid)
{
    ck_assert_ptr_eq(priv, &context);
    context.resets++;
    context.reset_rid = rid;
}

/* What the context makes of its connection is for the tests to ask; here it only gets to work. */
static void serve(void)
{
    coreio_ctx_dispatch(context.ctx);
}

void context_listen(void)
{
    static const coreio_events_t events = {
        .connected = on_connected, .disconnected = on_disconnected, .reset = on_reset,
    };

    session_listen();
    session.vm.idle = serve;
    context = (struct context){ .ctx = coreio_ctx_new(), .dma = session.vm };
    ck_assert_ptr_nonnull(context.ctx);
    coreio_ctx_set_events(context.ctx, &events, &context);
    ck_assert_int_eq(coreio_ctx_register(context.ctx, 0, &session_func, &session), 0);
}

void context_accept(void)
{
    fake_vm_accept(&session.vm);
    fake_vm_expect_vector(&session.vm, "claim-0");
}

void context_accept_dma(void)
{
    fake_vm_accept(&context.dma);
}

void context_start(void)
{
    context_listen();
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
}

void context_end(void)
{
    ck_assert_int_eq(coreio_ctx_free(context.ctx), 0);
    fake_vm_hang_up(&context.dma);
    fake_vm_stop(&session.vm);
}

void context_settle(void)
{
    session_settle();
}

void context_run_until(int status)
{
    time_t started = time(NULL);

    while (coreio_ctx_status(context.ctx) != status) {
        ck_assert_msg(time(NULL) - started <= STEP_SECONDS, "the status stays %d",
                      coreio_ctx_status(context.ctx));
        coreio_ctx_run(context.ctx, 1000);
    }
}

void complete(void *cplp, int err)
{
    struct completion *completion = cplp;

    completion->calls++;
    completion->err = err;
}

void context_await(const struct completion *completion)
{
    time_t started = time(NULL);

    while (completion->calls == 0) {
        ck_assert_msg(time(NULL) - started <= STEP_SECONDS, "a completion is not called");
        coreio_ctx_run(context.ctx, 1000);
    }
}

Suite *context_suite(const char *name, bool fixture, TCase **tcase)
{
    Suite *suite = session_suite(name, false, tcase);

    if (fixture) {
        tcase_add_checked_fixture(*tcase, context_start, context_end);
    }
    return suite;
}
