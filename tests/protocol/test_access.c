/* SPDX-License-Identifier: GPL-2.0-or-later */
/* READ, WRITE and WRITEA: what the callbacks see and what goes back. */
#include "session.h"

#include <string.h>

START_TEST(read_answers_with_its_bytes_alone)
{
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
    ck_assert_uint_eq(session_only_call("read")->addr, 0x123456789abcde0);
    ck_assert_uint_eq(session.calls[0].len, 32);
    ck_assert_uint_eq(session.calls[0].flags, COREIO_FLAGS_IFETCH);
}
END_TEST

START_TEST(bytes_above_the_size_stay_as_they_came)
{
    struct vector reply;

    vector_load("read-1-reply", &reply);
    reply.bytes[24] = 0x01;
    fake_vm_send_vector(&session.vm, "read-1");
    fake_vm_expect(&session.vm, reply.bytes, reply.len);
}
END_TEST

START_TEST(a_read_left_alone_answers_0xaa)
{
    session.leave_data = true;
    fake_vm_send_vector(&session.vm, "read-1");
    fake_vm_expect_vector(&session.vm, "read-1");
    for (size_t i = 0; i < 32; i++) {
        ck_assert_uint_eq(session_only_call("read")->data[i], 0xaa);
    }
}
END_TEST

START_TEST(a_failed_read_sets_the_error_bit_and_keeps_the_data)
{
    session.result = -1;
    fake_vm_send_vector(&session.vm, "read-1");
    fake_vm_expect_vector(&session.vm, "read-1-error");
}
END_TEST

START_TEST(reserved_bits_come_back)
{
    fake_vm_send_vector(&session.vm, "read-4-reserved");
    fake_vm_expect_vector(&session.vm, "read-4-reserved-reply");
}
END_TEST

START_TEST(acknowledged_write_comes_back_unchanged)
{
    static const uint8_t data[32] = { 0, 1, 2, 3, 4, 5, 6, 7 };

    fake_vm_send_vector(&session.vm, "writea-8");
    fake_vm_expect_vector(&session.vm, "writea-8");
    ck_assert_uint_eq(session_only_call("write")->addr, 0xfef00010);
    ck_assert_uint_eq(session.calls[0].len, 8);
    ck_assert_uint_eq(session.calls[0].flags, 0);
    ck_assert_mem_eq(session.calls[0].data, data, sizeof(data));
}
END_TEST

START_TEST(unaligned_write_keeps_address_and_flags)
{
    static const uint8_t data[32] = { 0xef, 0xbe };

    fake_vm_send_vector(&session.vm, "writea-2-unaligned");
    fake_vm_expect_vector(&session.vm, "writea-2-unaligned");
    ck_assert_uint_eq(session_only_call("write")->addr, 0xfef00007);
    ck_assert_uint_eq(session.calls[0].len, 2);
    ck_assert_uint_eq(session.calls[0].flags, COREIO_FLAGS_PRIV);
    ck_assert_mem_eq(session.calls[0].data, data, sizeof(data));
}
END_TEST

START_TEST(a_failed_write_sets_the_error_bit)
{
    session.result = 1;
    fake_vm_send_vector(&session.vm, "writea-8");
    fake_vm_expect_vector(&session.vm, "writea-8-error");
}
END_TEST

START_TEST(flags_are_handed_on)
{
    uint8_t reply[64];

    ck_assert_int_eq(coreio_register(7, &session_func, &session), 0);
    fake_vm_expect_vector(&session.vm, "claim-7");
    fake_vm_send_vector(&session.vm, "read-8-secure");
    fake_vm_receive(&session.vm, reply, sizeof(reply));
    ck_assert_uint_eq(session_only_call("read")->flags, COREIO_FLAGS_SECURE | COREIO_FLAGS_PRIV);
    ck_assert_uint_eq(session.calls[0].addr, 0xfef00ff8);
}
END_TEST

/* The VM's tags go up to the last one and begin again. */
START_TEST(every_tag_comes_back)
{
    static const uint8_t tags[][4] = {
        { 0xff, 0xff, 0xff, 0xff }, { 0, 0, 0, 0 }, { 1, 0, 0, 0 }, { 0, 0, 0, 0x80 },
    };
    struct vector packet;

    vector_load("writea-8", &packet);
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        memcpy(packet.bytes + 4, tags[i], 4);
        fake_vm_send(&session.vm, packet.bytes, packet.len);
        fake_vm_expect(&session.vm, packet.bytes, packet.len);
    }
}
END_TEST

START_TEST(posted_write_has_no_reply)
{
    fake_vm_send_vector(&session.vm, "write-1");
    session_settle();
    ck_assert_uint_eq(session_only_call("write")->addr, 0xfef00000);
    ck_assert_uint_eq(session.calls[0].data[0], 0x7e);
}
END_TEST

START_TEST(a_failed_posted_write_has_no_reply_either)
{
    session.result = -1;
    fake_vm_send_vector(&session.vm, "write-1");
    session_settle();
    session_only_call("write");
}
END_TEST

/* Range 0 has a callback for pairs, range 7 has none and is read twice. */
START_TEST(ranges_have_their_own_callbacks)
{
    struct vector request;
    uint8_t reply[64];

    ck_assert_int_eq(coreio_register(7, &session_func_single, &session), 0);
    fake_vm_expect_vector(&session.vm, "claim-7");
    vector_load("readp-4", &request);
    request.bytes[0] = 7;
    fake_vm_send(&session.vm, request.bytes, request.len);
    fake_vm_receive(&session.vm, reply, sizeof(reply));
    ck_assert_uint_eq(session.n_calls, 2);
    ck_assert_str_eq(session.calls[0].what, "read");
    fake_vm_send_vector(&session.vm, "readp-4");
    fake_vm_expect_vector(&session.vm, "readp-4-reply");
    ck_assert_str_eq(session.calls[2].what, "readp");
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("access", true, &tcase);

    tcase_add_test(tcase, read_answers_with_its_bytes_alone);
    tcase_add_test(tcase, bytes_above_the_size_stay_as_they_came);
    tcase_add_test(tcase, a_read_left_alone_answers_0xaa);
    tcase_add_test(tcase, a_failed_read_sets_the_error_bit_and_keeps_the_data);
    tcase_add_test(tcase, reserved_bits_come_back);
    tcase_add_test(tcase, acknowledged_write_comes_back_unchanged);
    tcase_add_test(tcase, unaligned_write_keeps_address_and_flags);
    tcase_add_test(tcase, a_failed_write_sets_the_error_bit);
    tcase_add_test(tcase, flags_are_handed_on);
    tcase_add_test(tcase, every_tag_comes_back);
    tcase_add_test(tcase, posted_write_has_no_reply);
    tcase_add_test(tcase, a_failed_posted_write_has_no_reply_either);
    tcase_add_test(tcase, ranges_have_their_own_callbacks);
    return tap_run(suite);
}
