/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A claimed range without callbacks behaves as an unclaimed one does for the guest. */
#include "session.h"

static void start(void)
{
    static const coreio_func_t nothing;

    session_start_with(&nothing);
}

START_TEST(reads_give_0xaa)
{
    fake_vm_send_vector(&session.vm, "read-1");
    fake_vm_expect_vector(&session.vm, "read-1");
    fake_vm_send_vector(&session.vm, "readp-4");
    fake_vm_expect_vector(&session.vm, "readp-4");
}
END_TEST

START_TEST(acknowledged_writes_are_acknowledged)
{
    fake_vm_send_vector(&session.vm, "writea-8");
    fake_vm_expect_vector(&session.vm, "writea-8");
    fake_vm_send_vector(&session.vm, "writeap-16");
    fake_vm_expect_vector(&session.vm, "writeap-16");
}
END_TEST

START_TEST(posted_writes_have_no_reply)
{
    fake_vm_send_vector(&session.vm, "write-1");
    fake_vm_send_vector(&session.vm, "writep-8");
    session_settle();
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("null_callbacks", false, &tcase);

    tcase_add_checked_fixture(tcase, start, session_end);
    tcase_add_test(tcase, reads_give_0xaa);
    tcase_add_test(tcase, acknowledged_writes_are_acknowledged);
    tcase_add_test(tcase, posted_writes_have_no_reply);
    return tap_run(suite);
}
