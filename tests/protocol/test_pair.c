/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pair operations, with pair callbacks and with single ones called twice. */
#include "session.h"

static const uint8_t first_8[8] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08 };
static const uint8_t second_8[8] = { 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18 };

START_TEST(readp_answers_with_both_elements)
{
    fake_vm_send_vector(&session.vm, "readp-4");
    fake_vm_expect_vector(&session.vm, "readp-4-reply");
    ck_assert_uint_eq(session_only_call("readp")->addr, 0xfef00020);
    ck_assert_uint_eq(session.calls[0].len, 4);
}
END_TEST

START_TEST(second_element_of_eight_bytes_starts_at_word_5)
{
    fake_vm_send_vector(&session.vm, "readp-8");
    fake_vm_expect_vector(&session.vm, "readp-8-reply");
}
END_TEST

START_TEST(posted_writep_has_no_reply)
{
    fake_vm_send_vector(&session.vm, "writep-8");
    session_settle();
    ck_assert_uint_eq(session_only_call("writep")->addr, 0xfef00040);
    ck_assert_mem_eq(session.calls[0].data, first_8, sizeof(first_8));
    ck_assert_mem_eq(session.calls[0].data2, second_8, sizeof(second_8));
}
END_TEST

START_TEST(writeap_of_the_largest_size)
{
    fake_vm_send_vector(&session.vm, "writeap-16");
    fake_vm_expect_vector(&session.vm, "writeap-16");
    ck_assert_uint_eq(session_only_call("writep")->len, 16);
    for (uint8_t i = 0; i < 16; i++) {
        ck_assert_uint_eq(session.calls[0].data[i], 0x01 + i);
        ck_assert_uint_eq(session.calls[0].data2[i], 0x11 + i);
    }
}
END_TEST

START_TEST(a_failed_pair_sets_the_error_bit)
{
    struct vector reply;

    session.result = -1;
    vector_load("readp-4", &reply);
    reply.bytes[3] = 0x40;
    fake_vm_send_vector(&session.vm, "readp-4");
    fake_vm_expect(&session.vm, reply.bytes, reply.len);
}
END_TEST

static void start_single(void)
{
    session_start_with(&session_func_single);
}

START_TEST(readp_falls_back_to_two_reads)
{
    struct vector reply;

    /* Both reads give bytes 0x01 and up. */
    vector_load("readp-4-reply", &reply);
    for (uint8_t i = 0; i < 4; i++) {
        reply.bytes[32 + i] = (uint8_t)(0x01 + i);
    }
    fake_vm_send_vector(&session.vm, "readp-4");
    fake_vm_expect(&session.vm, reply.bytes, reply.len);
    ck_assert_uint_eq(session.n_calls, 2);
    ck_assert_uint_eq(session.calls[0].addr, 0xfef00020);
    ck_assert_uint_eq(session.calls[1].addr, 0xfef00024);
    ck_assert_uint_eq(session.calls[1].len, 4);
}
END_TEST

START_TEST(writep_falls_back_to_two_writes)
{
    fake_vm_send_vector(&session.vm, "writep-8");
    session_settle();
    ck_assert_uint_eq(session.n_calls, 2);
    ck_assert_uint_eq(session.calls[0].addr, 0xfef00040);
    ck_assert_mem_eq(session.calls[0].data, first_8, sizeof(first_8));
    ck_assert_uint_eq(session.calls[1].addr, 0xfef00048);
    ck_assert_mem_eq(session.calls[1].data, second_8, sizeof(second_8));
}
END_TEST

START_TEST(a_failed_first_half_ends_the_pair)
{
    struct vector reply;

    session.result = -1;
    vector_load("writeap-16", &reply);
    reply.bytes[3] = 0x40;
    fake_vm_send_vector(&session.vm, "writeap-16");
    fake_vm_expect(&session.vm, reply.bytes, reply.len);
    session_only_call("write");
}
END_TEST

/* Pairs of all kinds, for halves that end what they are part of. */
static const char *const pairs[] = { "readp-4", "writep-8", "writeap-16" };

START_TEST(a_first_half_that_disconnects_is_the_last)
{
    session.during = coreio_disconnect;
    fake_vm_send_vector(&session.vm, pairs[_i]);
    fake_vm_expect_closed(&session.vm);
    ck_assert_uint_eq(session.n_calls, 1);
}
END_TEST

static void connect_anew(void)
{
    session.during = NULL;
    coreio_disconnect();
    ck_assert_int_eq(coreio_connect(session.vm.target), 0);
    ck_assert_int_eq(coreio_register(0, &session_func_single, &session), 0);
}

/* Neither a second half nor a reply goes to the new connection. */
START_TEST(a_first_half_that_connects_anew_is_the_last)
{
    session.during = connect_anew;
    fake_vm_send_vector(&session.vm, pairs[_i]);
    fake_vm_expect_closed(&session.vm);
    fake_vm_accept(&session.vm);
    fake_vm_expect_vector(&session.vm, "claim-0");
    session_settle();
    ck_assert_uint_eq(session.n_calls, 1);
}
END_TEST

int main(void)
{
    const int n_pairs = sizeof(pairs) / sizeof(pairs[0]);
    TCase *tcase, *single = tcase_create("single");
    Suite *suite = session_suite("pair", true, &tcase);

    tcase_add_test(tcase, readp_answers_with_both_elements);
    tcase_add_test(tcase, second_element_of_eight_bytes_starts_at_word_5);
    tcase_add_test(tcase, posted_writep_has_no_reply);
    tcase_add_test(tcase, writeap_of_the_largest_size);
    tcase_add_test(tcase, a_failed_pair_sets_the_error_bit);
    tcase_add_checked_fixture(single, start_single, session_end);
    tcase_set_timeout(single, 60);
    tcase_add_test(single, readp_falls_back_to_two_reads);
    tcase_add_test(single, writep_falls_back_to_two_writes);
    tcase_add_test(single, a_failed_first_half_ends_the_pair);
    tcase_add_loop_test(single, a_first_half_that_disconnects_is_the_last, 0, n_pairs);
    tcase_add_loop_test(single, a_first_half_that_connects_anew_is_the_last, 0, n_pairs);
    suite_add_tcase(suite, single);
    return tap_run(suite);
}
