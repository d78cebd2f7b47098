/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Automatic reconnect: again and again, with claims and levels. */
#include "context.h"

#include <errno.h>

START_TEST(claims_and_levels_come_again)
{
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 1, 5), 0);
    ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 2, 5, 1), 0);
    fake_vm_expect_vector(&session.vm, "irq-raise");
    for (unsigned i = 1; i <= 20; i++) {
        if (i % 2) {
            fake_vm_abort(&session.vm);
        } else {
            fake_vm_hang_up(&session.vm);
        }
        context_accept();
        fake_vm_expect_vector(&session.vm, "irq-raise");
        fake_vm_send_vector(&session.vm, "read-32-fetch");
        fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
        ck_assert_uint_eq(context.connected, i);
        ck_assert_uint_eq(context.disconnected, i);
    }
}
END_TEST

START_TEST(a_level_set_meanwhile_is_sent)
{
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 1, 1), 0);
    fake_vm_hang_up(&session.vm);
    context_run_until(-EINPROGRESS);
    ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 2, 5, 1), 0);
    ck_assert_int_eq(coreio_ctx_register(context.ctx, 7, &session_func, &session), 0);
    context_accept();
    fake_vm_expect_vector(&session.vm, "irq-raise");
    fake_vm_expect_vector(&session.vm, "claim-7");
}
END_TEST

/* The VM is gone for a while; what is registered for a restart is a run without end. */
START_TEST(a_vm_that_starts_later)
{
    struct fake_vm vm;

    coreio_ctx_disconnect(context.ctx);
    fake_vm_bind(&vm, session.vm.idle);
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 1, 4), 0);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, vm.target), 0);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(coreio_ctx_run(context.ctx, 5000), 0);
        ck_assert_int_eq(coreio_ctx_status(context.ctx), -EINPROGRESS);
    }
    fake_vm_listen(&vm);
    fake_vm_accept(&vm);
    fake_vm_expect_vector(&vm, "claim-0");
    ck_assert_uint_eq(context.connected, 1);
    ck_assert_uint_eq(context.disconnected, 0);
    fake_vm_stop(&vm);
}
END_TEST

static void stop(void *priv)
{
    coreio_ctx_stop(priv);
}

/* It wakes up for the next attempt by itself. */
START_TEST(a_run_without_an_end)
{
    const coreio_events_t events = { .connected = stop };

    coreio_ctx_set_events(context.ctx, &events, context.ctx);
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 1, 5), 0);
    fake_vm_hang_up(&session.vm);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), 0);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), 0);
}
END_TEST

START_TEST(turned_off_while_waiting)
{
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 3600000, 3600000), 0);
    fake_vm_hang_up(&session.vm);
    context_run_until(-EINPROGRESS);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 1000), 0);
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 0, 0), 0);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ECONNRESET);
    ck_assert_uint_eq(context.disconnected, 1);
}
END_TEST

/* No attempt of the first connection succeeded, and the program was not told of any. */
START_TEST(turned_off_before_the_first_connection)
{
    struct fake_vm deaf;

    coreio_ctx_disconnect(context.ctx);
    fake_vm_bind(&deaf, NULL);
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 3600000, 3600000), 0);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, deaf.target), 0);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 1000), 0);
    ck_assert_uint_eq(context.disconnected, 0);
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 0, 0), 0);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ECONNREFUSED);
    ck_assert_uint_eq(context.disconnected, 1);
    ck_assert_int_eq(context.reason, -ECONNREFUSED);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ECONNREFUSED);
    ck_assert_uint_eq(context.disconnected, 1);
    fake_vm_stop(&deaf);
}
END_TEST

START_TEST(disconnected_while_waiting)
{
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 1, 1), 0);
    fake_vm_hang_up(&session.vm);
    context_run_until(-EINPROGRESS);
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ENOTCONN);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("reconnect", true, &tcase);

    tcase_add_test(tcase, claims_and_levels_come_again);
    tcase_add_test(tcase, a_level_set_meanwhile_is_sent);
    tcase_add_test(tcase, a_vm_that_starts_later);
    tcase_add_test(tcase, a_run_without_an_end);
    tcase_add_test(tcase, turned_off_while_waiting);
    tcase_add_test(tcase, turned_off_before_the_first_connection);
    tcase_add_test(tcase, disconnected_while_waiting);
    return tap_run(suite);
}
