/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Callbacks that call back into the library. */
#include "session.h"

#include <errno.h>

static int results[2];

static void serve_again(void)
{
    fd_set readable, writable;

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    results[0] = coreio_mainloop(0);
    results[1] = coreio_processfds(&readable, &writable);
}

START_TEST(serving_again_is_refused)
{
    session.during = serve_again;
    fake_vm_send_vector(&session.vm, "writea-8");
    fake_vm_expect_vector(&session.vm, "writea-8");
    ck_assert_int_eq(results[0], -EBUSY);
    ck_assert_int_eq(results[1], -EBUSY);
}
END_TEST

START_TEST(disconnecting_ends_the_main_loop)
{
    session.during = coreio_disconnect;
    fake_vm_send_vector(&session.vm, "readp-4");
    fake_vm_send_vector(&session.vm, "writea-8");
    ck_assert_int_eq(coreio_mainloop(-1), -ENOTCONN);
    session_only_call("readp");
}
END_TEST

static void reconnect_once(void)
{
    session.during = NULL;
    coreio_disconnect();
    ck_assert_int_eq(coreio_connect(session.vm.target), 0);
    ck_assert_int_eq(coreio_register(0, &session_func, &session), 0);
}

/* The reply belongs to the connection that is gone; on the new one it would be unsolicited. */
START_TEST(reconnecting_drops_the_reply)
{
    session.during = reconnect_once;
    fake_vm_send_vector(&session.vm, "read-1");
    while (session.n_calls == 0) {
        ck_assert_int_eq(coreio_mainloop(1000), 0);
    }
    fake_vm_accept(&session.vm);
    fake_vm_expect_vector(&session.vm, "claim-0");
    session_settle();
}
END_TEST

static void claim_another(void)
{
    session.during = NULL;
    ck_assert_int_eq(coreio_register(7, &session_func, &session), 0);
}

START_TEST(registering_another_range)
{
    session.during = claim_another;
    fake_vm_send_vector(&session.vm, "writea-8");
    fake_vm_expect_vector(&session.vm, "claim-7");
    fake_vm_expect_vector(&session.vm, "writea-8");
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("callback_calls", true, &tcase);

    tcase_add_test(tcase, serving_again_is_refused);
    tcase_add_test(tcase, disconnecting_ends_the_main_loop);
    tcase_add_test(tcase, reconnecting_drops_the_reply);
    tcase_add_test(tcase, registering_another_range);
    return tap_run(suite);
}
