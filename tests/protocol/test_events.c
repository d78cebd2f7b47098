/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of a context: reset, loss, and connections that are begun and not waited for. */
#include "context.h"

#include <errno.h>

START_TEST(reset)
{
    fake_vm_send_vector(&session.vm, "reset");
    context_settle();
    ck_assert_uint_eq(context.resets, 1);
    ck_assert_uint_eq(context.reset_rid, 0);
}
END_TEST

START_TEST(no_events_are_no_harm)
{
    coreio_ctx_set_events(context.ctx, NULL, NULL);
    fake_vm_send_vector(&session.vm, "reset");
    context_settle();
    fake_vm_hang_up(&session.vm);
    context_run_until(-ECONNRESET);
    ck_assert_uint_eq(context.resets + context.disconnected, 0);
}
END_TEST

START_TEST(loss)
{
    if (_i) {
        fake_vm_abort(&session.vm);
    } else {
        fake_vm_hang_up(&session.vm);
    }
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ECONNRESET);
    ck_assert_uint_eq(context.disconnected, 1);
    ck_assert_int_eq(context.reason, -ECONNRESET);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), -ECONNRESET);
    ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), -ECONNRESET);
    ck_assert_uint_eq(context.disconnected, 1);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
    context_settle();
}
END_TEST

/* Its rid is no index into a program's tables. */
START_TEST(reset_of_an_impossible_range)
{
    static const uint8_t ranges[] = { 8, 255 };
    struct vector packet;

    vector_load("reset", &packet);
    for (size_t i = 0; i < sizeof(ranges); i++) {
        packet.bytes[0] = ranges[i];
        fake_vm_send(&session.vm, packet.bytes, packet.len);
    }
    context_settle();
    ck_assert_uint_eq(context.resets, 0);
    packet.bytes[0] = 7;
    fake_vm_send(&session.vm, packet.bytes, packet.len);
    context_settle();
    ck_assert_uint_eq(context.reset_rid, 7);
}
END_TEST

static void lose_by_an_update(void)
{
    unsigned level = 1;

    fake_vm_abort(&session.vm);
    while (coreio_ctx_status(context.ctx) == 0) {
        ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 0, 0, level), 0);
        level = !level;
    }
}

/* What notices the loss is not what reports it: no callback out of the blue. */
START_TEST(loss_noticed_by_an_update)
{
    lose_by_an_update();
    ck_assert_uint_eq(context.disconnected, 0);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 0), -ECONNRESET);
    ck_assert_uint_eq(context.disconnected, 1);
}
END_TEST

/* A new connection is not told of the end of the one before, made (0) or begun (1). */
START_TEST(connected_again_before_the_loss_was_told)
{
    lose_by_an_update();
    if (_i) {
        ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), 0);
    } else {
        ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    }
    fake_vm_accept(&session.vm);
    fake_vm_expect_vector(&session.vm, "claim-0");
    fake_vm_receive(&session.vm, (uint8_t[64]){ 0 }, 64); /* the level, high or low */
    context_settle();
    ck_assert_uint_eq(context.disconnected, 0);
    ck_assert_uint_eq(context.connected, (unsigned)_i);
    fake_vm_abort(&session.vm);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ECONNRESET);
    ck_assert_uint_eq(context.disconnected, 1);
}
END_TEST

/* A target that is refused leaves everything as it is, the event too. */
START_TEST(not_connected_again_before_the_loss_was_told)
{
    lose_by_an_update();
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, "unix:"), -EINVAL);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, "unix:/no/such/socket"), -ENOENT);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ECONNRESET);
    ck_assert_uint_eq(context.disconnected, 1);
}
END_TEST

static void connect_again(void *priv, int err)
{
    (void)priv;
    ck_assert_int_eq(err, -ECONNRESET);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), 0);
}

START_TEST(connected_again_when_told_of_the_loss)
{
    static const coreio_events_t events = { .disconnected = connect_again };

    coreio_ctx_set_events(context.ctx, &events, NULL);
    for (unsigned i = 0; i < 3; i++) {
        fake_vm_abort(&session.vm);
        ck_assert_int_eq(coreio_ctx_run(context.ctx, 1000), 0);
        context_accept();
        context_settle();
    }
}
END_TEST

/* What disconnect leaves behind belongs to no later connection. */
START_TEST(a_loss_that_nobody_was_told)
{
    fake_vm_abort(&session.vm);
    while (coreio_ctx_status(context.ctx) == 0) {
        ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 0, 0, session.n_calls++ % 2), 0);
    }
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    fake_vm_accept(&session.vm);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 0), 0);
    ck_assert_uint_eq(context.disconnected, 0);
}
END_TEST

START_TEST(begun_and_made)
{
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), 0);
    context_accept();
    ck_assert_uint_eq(context.connected, 1);
    context_settle();
}
END_TEST

START_TEST(begun_and_refused)
{
    struct fake_vm deaf;

    coreio_ctx_disconnect(context.ctx);
    fake_vm_bind(&deaf, NULL);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, deaf.target), 0);
    context_run_until(-ECONNREFUSED);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ECONNREFUSED);
    ck_assert_uint_eq(context.disconnected, 1);
    ck_assert_int_eq(context.reason, -ECONNREFUSED);
    fake_vm_stop(&deaf);
}
END_TEST

START_TEST(begun_and_given_up)
{
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), 0);
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 0), -ENOTCONN);
    ck_assert_uint_eq(context.connected + context.disconnected, 0);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("events", true, &tcase);

    tcase_add_test(tcase, reset);
    tcase_add_test(tcase, reset_of_an_impossible_range);
    tcase_add_test(tcase, no_events_are_no_harm);
    tcase_add_loop_test(tcase, loss, 0, 2);
    tcase_add_test(tcase, loss_noticed_by_an_update);
    tcase_add_loop_test(tcase, connected_again_before_the_loss_was_told, 0, 2);
    tcase_add_test(tcase, not_connected_again_before_the_loss_was_told);
    tcase_add_test(tcase, connected_again_when_told_of_the_loss);
    tcase_add_test(tcase, a_loss_that_nobody_was_told);
    tcase_add_test(tcase, begun_and_made);
    tcase_add_test(tcase, begun_and_refused);
    tcase_add_test(tcase, begun_and_given_up);
    return tap_run(suite);
}
