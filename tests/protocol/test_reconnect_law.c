/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The law of automatic reconnect, by the time that the context has planned its next attempt for:
 * nothing is waited for, so a slow machine changes nothing.
 */
#include "context.h"
#include "ctx.h"

#define FIRST_MS 100
#define MOST_MS 1000

static long long begin; /* not after the attempt that failed, or the loss */

static void dispatch_until(enum coreio_state state)
{
    long long limit = coreio_deadline(10000000);

    while (context.ctx->link.state != state) {
        ck_assert_int_lt(coreio_now_usec(), limit);
        coreio_ctx_dispatch(context.ctx);
    }
}

static void lose(void)
{
    begin = coreio_now_usec();
    fake_vm_hang_up(&session.vm);
    dispatch_until(COREIO_WAITING);
}

/* The time of the next attempt has come. */
static void attempt(void)
{
    begin = coreio_now_usec();
    context.ctx->link.retry_at = begin;
    coreio_ctx_dispatch(context.ctx);
}

static void check_delay(long long ms)
{
    long long planned = context.ctx->link.retry_at - ms * 1000;

    ck_assert_int_ge(planned, begin);
    ck_assert_int_le(planned, coreio_now_usec());
}

static void start(void)
{
    context_start();
    ck_assert_int_eq(coreio_ctx_set_reconnect(context.ctx, FIRST_MS, MOST_MS), 0);
}

/* Nobody listens any more. */
START_TEST(delays_double_up_to_the_most)
{
    static const long long delays[] = { 200, 400, 800, 1000, 1000, 1000 };

    lose();
    check_delay(FIRST_MS);
    fake_vm_stop(&session.vm);
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        attempt();
        dispatch_until(COREIO_WAITING);
        check_delay(delays[i]);
    }
    ck_assert_uint_eq(context.disconnected, 1);
}
END_TEST

static void reconnect(void)
{
    attempt();
    dispatch_until(COREIO_CONNECTED);
    context_accept();
}

START_TEST(a_connection_that_does_not_last_goes_on_counting)
{
    lose();
    reconnect();
    lose();
    check_delay(2 * FIRST_MS);
    reconnect();
    lose();
    check_delay(4 * FIRST_MS);
}
END_TEST

START_TEST(a_connection_that_lasts_starts_anew)
{
    lose();
    reconnect();
    context.ctx->link.since -= MOST_MS * 1000;
    lose();
    check_delay(FIRST_MS);
}
END_TEST

START_TEST(a_new_connect_starts_anew)
{
    lose();
    reconnect();
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
    lose();
    check_delay(FIRST_MS);
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), 0);
    dispatch_until(COREIO_CONNECTED);
    context_accept();
    lose();
    check_delay(FIRST_MS);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("reconnect_law", false, &tcase);

    tcase_add_checked_fixture(tcase, start, context_end);
    tcase_add_test(tcase, delays_double_up_to_the_most);
    tcase_add_test(tcase, a_connection_that_does_not_last_goes_on_counting);
    tcase_add_test(tcase, a_connection_that_lasts_starts_anew);
    tcase_add_test(tcase, a_new_connect_starts_anew);
    return tap_run(suite);
}
