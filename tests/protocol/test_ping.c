/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM that checks whether the client is there. */
#include "session.h"

START_TEST(comes_back_with_its_data)
{
    fake_vm_send_vector(&session.vm, "ping");
    fake_vm_expect_vector(&session.vm, "ping");
}
END_TEST

START_TEST(comes_back_whatever_its_range)
{
    struct vector ping;

    vector_load("ping", &ping);
    ping.bytes[0] = 0xff;
    fake_vm_send(&session.vm, ping.bytes, ping.len);
    fake_vm_expect(&session.vm, ping.bytes, ping.len);
}
END_TEST

START_TEST(a_long_one_comes_back_as_one_block)
{
    fake_vm_send_vector(&session.vm, "long-ping");
    fake_vm_expect_vector(&session.vm, "long-ping-reply");
    session_settle();
    ck_assert_uint_eq(session.n_calls, 0);
}
END_TEST

START_TEST(is_answered_before_a_range_is_claimed)
{
    coreio_disconnect();
    ck_assert_int_eq(coreio_connect(session.vm.target), 0);
    fake_vm_accept(&session.vm);
    fake_vm_send_vector(&session.vm, "ping");
    fake_vm_expect_vector(&session.vm, "ping");
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("ping", true, &tcase);

    tcase_add_test(tcase, comes_back_with_its_data);
    tcase_add_test(tcase, comes_back_whatever_its_range);
    tcase_add_test(tcase, a_long_one_comes_back_as_one_block);
    tcase_add_test(tcase, is_answered_before_a_range_is_claimed);
    return tap_run(suite);
}
