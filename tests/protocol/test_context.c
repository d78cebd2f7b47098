/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A context of the re-entrant API: its states, registrations, levels, and calls out of place. */
#include "context.h"

#include <errno.h>
#include <stdlib.h>

START_TEST(serves_a_request)
{
    fake_vm_send_vector(&session.vm, "writea-8");
    fake_vm_expect_vector(&session.vm, "writea-8");
    session_only_call("write");
    ck_assert_int_eq(coreio_ctx_status(context.ctx), 0);
}
END_TEST

START_TEST(unconnected)
{
    coreio_ctx *ctx = coreio_ctx_new();
    uint8_t byte = 0;

    ck_assert_int_eq(coreio_ctx_status(ctx), -ENOTCONN);
    ck_assert_int_eq(coreio_ctx_run(ctx, -1), -ENOTCONN);
    ck_assert_int_eq(coreio_ctx_dispatch(ctx), -ENOTCONN);
    ck_assert_int_eq(coreio_ctx_flush(ctx, -1), -ENOTCONN);
    ck_assert_int_eq(coreio_ctx_dma_read(ctx, 0, 0, 0, 1, &byte, 0, NULL, NULL), -ENOTCONN);
    ck_assert_int_eq(coreio_ctx_dma_write(ctx, 0, 0, 0, 1, &byte, 0, complete, NULL), -ENOTCONN);
    coreio_ctx_disconnect(ctx);
    ck_assert_int_eq(coreio_ctx_free(ctx), 0);
    ck_assert_int_eq(coreio_ctx_free(NULL), 0);
}
END_TEST

START_TEST(impossible_arguments)
{
    uint8_t byte = 0;

    ck_assert_int_eq(coreio_ctx_register(context.ctx, 8, &session_func, NULL), -EINVAL);
    ck_assert_int_eq(coreio_ctx_register(context.ctx, 1, NULL, NULL), -EINVAL);
    ck_assert_int_eq(coreio_ctx_register(context.ctx, 0, &session_func, NULL), -EBUSY);
    ck_assert_int_eq(coreio_ctx_unregister(context.ctx, 8), -EINVAL);
    ck_assert_int_eq(coreio_ctx_unregister(context.ctx, 1), -ENOENT);
    ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 8, 0, 1), -EINVAL);
    ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 0, 8, 1), -EINVAL);
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 2, 1), -EINVAL);
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, 1, 3600001), -EINVAL);
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 256, 0, 0, 1, &byte, 0, NULL, NULL),
                     -EINVAL);
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 16, 0, 1, &byte, 0, NULL, NULL),
                     -EINVAL);
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, 0, 1, &byte, 16, NULL, NULL),
                     -EINVAL);
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, 0, 1, NULL, 0, NULL, NULL), -EINVAL);
    ck_assert_int_eq(coreio_ctx_dma_write(context.ctx, 0, 0, UINT64_MAX, 2, &byte, 0, NULL, NULL),
                     -EINVAL);
    context_settle();
}
END_TEST

START_TEST(bad_targets)
{
    static const char *const bad[] = { NULL, "", ":4300", "[::1", "unix:", "127.0.0.1:0" };

    coreio_ctx_disconnect(context.ctx);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_int_eq(coreio_ctx_connect(context.ctx, bad[i]), -EINVAL);
        ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, bad[i]), -EINVAL);
    }
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, "no such host:1"), -ENOENT);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, "unix:/no/such/socket"), -ENOENT);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), -ENOTCONN);
}
END_TEST

START_TEST(connected_already)
{
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), -EISCONN);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), -EISCONN);
    context_settle();
}
END_TEST

/* Claims and levels belong to the context: each connection begins with them. */
START_TEST(a_new_connection_brings_claims_and_levels)
{
    ck_assert_int_eq(coreio_ctx_register(context.ctx, 7, &session_func, &session), 0);
    fake_vm_expect_vector(&session.vm, "claim-7");
    ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 2, 5, 1), 0);
    fake_vm_expect_vector(&session.vm, "irq-raise");
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), -ENOTCONN);
    ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 2, 5, 0), 0);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
    fake_vm_expect_vector(&session.vm, "irq-lower");
    fake_vm_expect_vector(&session.vm, "claim-7");
    context_settle();
    ck_assert_uint_eq(context.disconnected, 0);
}
END_TEST

/* Reads 0xaa then, as without a handler; and a new registration claims again. */
START_TEST(an_unregistered_range_gets_its_requests_back)
{
    ck_assert_int_eq(coreio_ctx_unregister(context.ctx, 0), 0);
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    fake_vm_expect_vector(&session.vm, "read-32-fetch");
    ck_assert_uint_eq(session.n_calls, 0);
    ck_assert_int_eq(coreio_ctx_register(context.ctx, 0, &session_func, &session), 0);
    fake_vm_expect_vector(&session.vm, "claim-0");
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
}
END_TEST

/* Not sent on the next connection, and sent again when set again. */
START_TEST(an_unregistered_range_forgets_its_levels)
{
    struct vector claim;

    vector_load("claim-0", &claim);
    claim.bytes[0] = 2;
    ck_assert_int_eq(coreio_ctx_register(context.ctx, 2, &session_func, &session), 0);
    fake_vm_expect(&session.vm, claim.bytes, claim.len);
    ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 2, 5, 1), 0);
    fake_vm_expect_vector(&session.vm, "irq-raise");
    ck_assert_int_eq(coreio_ctx_unregister(context.ctx, 2), 0);
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
    context_settle();
    ck_assert_int_eq(coreio_ctx_irq_update(context.ctx, 2, 5, 1), 0);
    fake_vm_expect_vector(&session.vm, "irq-raise");
}
END_TEST

static void unregister(void)
{
    ck_assert_int_eq(coreio_ctx_unregister(context.ctx, 0), 0);
}

START_TEST(unregister_inside_the_callback)
{
    session.during = unregister;
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    fake_vm_expect_vector(&session.vm, "read-32-fetch");
    ck_assert_uint_eq(session.n_calls, 1);
}
END_TEST

/* Frees what `priv` points to, as a program may that unregisters. */
static int unregister_and_free(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    (void)addr, (void)len, (void)buf, (void)flags;
    ++*(unsigned *)priv;
    free(priv);
    session.n_calls++;
    unregister();
    if (session.during) {
        session.during();
    }
    return 0;
}

static void register_again(void)
{
    ck_assert_int_eq(coreio_ctx_register(context.ctx, 0, &session_func, &session), 0);
}

/* The second half is neither the old registration's nor that of the new one, if there is one. */
START_TEST(unregister_inside_the_first_half_of_a_pair)
{
    static const coreio_func_t func = { .read = unregister_and_free, .write = unregister_and_free };
    bool again = _i / 2;
    struct vector pair;

    unregister();
    ck_assert_int_eq(coreio_ctx_register(context.ctx, 0, &func, calloc(1, sizeof(unsigned))), 0);
    fake_vm_expect_vector(&session.vm, "claim-0");
    session.during = again ? register_again : NULL;
    vector_load(_i % 2 ? "writeap-16" : "readp-4", &pair);
    fake_vm_send(&session.vm, pair.bytes, pair.len);
    if (again) {
        fake_vm_expect_vector(&session.vm, "claim-0");
    }
    pair.bytes[3] = 0x40;
    fake_vm_expect(&session.vm, pair.bytes, pair.len);
    ck_assert_uint_eq(session.n_calls, 1);
}
END_TEST

static void call_what_is_refused(void)
{
    ck_assert_int_eq(coreio_ctx_run(context.ctx, 0), -EBUSY);
    ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), -EBUSY);
    ck_assert_int_eq(coreio_ctx_free(context.ctx), -EBUSY);
}

START_TEST(refused_inside_a_callback)
{
    session.during = call_what_is_refused;
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
}
END_TEST

static void stop(void)
{
    coreio_ctx_stop(context.ctx);
}

/* Three requests at once, and a run for each. */
START_TEST(stop_ends_a_run)
{
    struct vector request;

    vector_load("writea-8", &request);
    session.during = stop;
    for (unsigned i = 0; i < 3; i++) {
        fake_vm_send(&session.vm, request.bytes, request.len);
    }
    for (unsigned i = 1; i <= 3; i++) {
        ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), 0);
        ck_assert_uint_eq(session.n_calls, i);
    }
}
END_TEST

static void disconnect(void)
{
    coreio_ctx_disconnect(context.ctx);
}

START_TEST(disconnect_inside_a_callback)
{
    session.during = disconnect;
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), -ENOTCONN);
    fake_vm_expect_closed(&session.vm);
    ck_assert_uint_eq(context.disconnected, 0);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("context", true, &tcase);

    tcase_add_test(tcase, serves_a_request);
    tcase_add_test(tcase, unconnected);
    tcase_add_test(tcase, impossible_arguments);
    tcase_add_test(tcase, bad_targets);
    tcase_add_test(tcase, connected_already);
    tcase_add_test(tcase, a_new_connection_brings_claims_and_levels);
    tcase_add_test(tcase, an_unregistered_range_gets_its_requests_back);
    tcase_add_test(tcase, an_unregistered_range_forgets_its_levels);
    tcase_add_test(tcase, unregister_inside_the_callback);
    tcase_add_loop_test(tcase, unregister_inside_the_first_half_of_a_pair, 0, 4);
    tcase_add_test(tcase, refused_inside_a_callback);
    tcase_add_test(tcase, stop_ends_a_run);
    tcase_add_test(tcase, disconnect_inside_a_callback);
    return tap_run(suite);
}
