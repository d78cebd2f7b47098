/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt updates: on the wire once a change, in order with replies. */
#include "session.h"

#include <errno.h>

START_TEST(a_level_is_sent_once)
{
    ck_assert_int_eq(coreio_irq_update(2, 5, 1), 0);
    ck_assert_int_eq(coreio_irq_update(2, 5, 1), 0);
    ck_assert_int_eq(coreio_irq_update(2, 5, 2), 0);
    ck_assert_int_eq(coreio_irq_update(2, 5, 0), 0);
    ck_assert_int_eq(coreio_irq_update(2, 5, 0), 0);
    fake_vm_expect_vector(&session.vm, "irq-raise");
    fake_vm_expect_vector(&session.vm, "irq-lower");
    session_settle();
}
END_TEST

START_TEST(the_first_low_is_sent)
{
    ck_assert_int_eq(coreio_irq_update(2, 5, 0), 0);
    fake_vm_expect_vector(&session.vm, "irq-lower");
}
END_TEST

START_TEST(each_line_has_its_own_level)
{
    struct vector update;

    vector_load("irq-raise", &update);
    for (uint8_t rid = 0; rid < 8; rid++) {
        for (uint8_t iid = 0; iid < 8; iid++) {
            ck_assert_int_eq(coreio_irq_update(rid, iid, 1), 0);
            update.bytes[0] = rid;
            update.bytes[16] = iid;
            fake_vm_expect(&session.vm, update.bytes, update.len);
        }
    }
}
END_TEST

START_TEST(a_new_connection_sends_again)
{
    ck_assert_int_eq(coreio_irq_update(2, 5, 1), 0);
    fake_vm_expect_vector(&session.vm, "irq-raise");
    coreio_disconnect();
    session_reconnect();
    ck_assert_int_eq(coreio_irq_update(2, 5, 1), 0);
    fake_vm_expect_vector(&session.vm, "irq-raise");
}
END_TEST

/* The VM comes back to the level last received by itself. */
START_TEST(a_reset_sends_nothing)
{
    ck_assert_int_eq(coreio_irq_update(2, 5, 1), 0);
    fake_vm_expect_vector(&session.vm, "irq-raise");
    fake_vm_send_vector(&session.vm, "reset");
    session_settle();
    ck_assert_int_eq(coreio_irq_update(2, 5, 1), 0);
    session_settle();
}
END_TEST

START_TEST(bad_numbers_send_nothing)
{
    ck_assert_int_eq(coreio_irq_update(8, 0, 1), -EINVAL);
    ck_assert_int_eq(coreio_irq_update(0, 8, 1), -EINVAL);
    ck_assert_int_eq(coreio_irq_update(256, 0, 1), -EINVAL);
    session_settle();
}
END_TEST

static void raise_line(void)
{
    ck_assert_int_eq(coreio_irq_update(2, 5, 1), 0);
}

START_TEST(an_update_from_a_callback_precedes_the_reply)
{
    session.during = raise_line;
    fake_vm_send_vector(&session.vm, "writea-8");
    fake_vm_expect_vector(&session.vm, "irq-raise");
    fake_vm_expect_vector(&session.vm, "writea-8");
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("irq", true, &tcase);

    tcase_add_test(tcase, a_level_is_sent_once);
    tcase_add_test(tcase, the_first_low_is_sent);
    tcase_add_test(tcase, each_line_has_its_own_level);
    tcase_add_test(tcase, a_new_connection_sends_again);
    tcase_add_test(tcase, a_reset_sends_nothing);
    tcase_add_test(tcase, bad_numbers_send_nothing);
    tcase_add_test(tcase, an_update_from_a_callback_precedes_the_reply);
    return tap_run(suite);
}
