/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registering a range puts a claim on the wire, once a connection. */
#include "session.h"

#include <errno.h>

START_TEST(each_range_is_claimed_by_its_number)
{
    ck_assert_int_eq(coreio_register(7, &session_func, NULL), 0);
    fake_vm_expect_vector(&session.vm, "claim-7");
}
END_TEST

START_TEST(a_second_register_is_refused_and_sends_nothing)
{
    ck_assert_int_eq(coreio_register(0, &session_func, NULL), -EBUSY);
    session_settle();
}
END_TEST

START_TEST(bad_arguments_are_refused_and_send_nothing)
{
    ck_assert_int_eq(coreio_register(8, &session_func, NULL), -EINVAL);
    ck_assert_int_eq(coreio_register(256, &session_func, NULL), -EINVAL);
    ck_assert_int_eq(coreio_register(1, NULL, NULL), -EINVAL);
    session_settle();
}
END_TEST

START_TEST(a_new_connection_claims_again)
{
    coreio_disconnect();
    fake_vm_expect_closed(&session.vm);
    session_reconnect();
    fake_vm_send_vector(&session.vm, "writea-8");
    fake_vm_expect_vector(&session.vm, "writea-8");
    session_only_call("write");
}
END_TEST

START_TEST(a_disconnect_forgets_the_registration)
{
    coreio_disconnect();
    ck_assert_int_eq(coreio_connect(session.vm.target), 0);
    fake_vm_accept(&session.vm);
    fake_vm_send_vector(&session.vm, "writea-8");
    fake_vm_expect_vector(&session.vm, "writea-8");
    ck_assert_uint_eq(session.n_calls, 0);
}
END_TEST

START_TEST(the_functions_are_copied)
{
    coreio_func_t func = session_func;
    uint8_t reply[64];

    ck_assert_int_eq(coreio_register(7, &func, &session), 0);
    fake_vm_expect_vector(&session.vm, "claim-7");
    func = (coreio_func_t){ 0 };
    fake_vm_send_vector(&session.vm, "read-8-secure");
    fake_vm_receive(&session.vm, reply, sizeof(reply));
    session_only_call("read");
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("claim", true, &tcase);

    tcase_add_test(tcase, each_range_is_claimed_by_its_number);
    tcase_add_test(tcase, a_second_register_is_refused_and_sends_nothing);
    tcase_add_test(tcase, bad_arguments_are_refused_and_send_nothing);
    tcase_add_test(tcase, a_new_connection_claims_again);
    tcase_add_test(tcase, a_disconnect_forgets_the_registration);
    tcase_add_test(tcase, the_functions_are_copied);
    return tap_run(suite);
}
