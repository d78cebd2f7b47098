/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM whose packets arrive split at any byte, or many at once. */
#include "session.h"

#include <string.h>

/* The client sees the first part alone, then the second. */
static void send_in_two(const struct vector *vector, size_t cut)
{
    fake_vm_send(&session.vm, vector->bytes, cut);
    ck_assert_int_eq(coreio_mainloop(100), 0);
    fake_vm_send(&session.vm, vector->bytes + cut, vector->len - cut);
}

START_TEST(request_cut_at_every_byte)
{
    struct vector request;

    vector_load("read-32-fetch", &request);
    for (size_t cut = 1; cut < request.len; cut++) {
        send_in_two(&request, cut);
        fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
    }
    ck_assert_uint_eq(session.n_calls, 63);
}
END_TEST

START_TEST(long_packet_cut_at_every_byte)
{
    struct vector request;

    vector_load("long-ping", &request);
    for (size_t cut = 1; cut < request.len; cut++) {
        send_in_two(&request, cut);
        fake_vm_expect_vector(&session.vm, "long-ping-reply");
    }
}
END_TEST

START_TEST(one_byte_at_a_time)
{
    struct vector request;

    vector_load("writea-8", &request);
    for (size_t i = 0; i < request.len; i++) {
        ck_assert_uint_eq(session.n_calls, 0);
        fake_vm_send(&session.vm, request.bytes + i, 1);
        ck_assert_int_eq(coreio_mainloop(100), 0);
    }
    fake_vm_expect_vector(&session.vm, "writea-8");
    session_only_call("write");
}
END_TEST

/* 200 packets of 64 bytes are more than the client receives at a time, and 13 bytes shift them. */
START_TEST(many_packets_and_a_part_of_one)
{
    enum { COUNT = 200, PART = 13 };
    static uint8_t burst[COUNT * 64];
    struct vector request;

    vector_load("writea-8", &request);
    for (size_t i = 0; i < COUNT; i++) {
        memcpy(burst + i * 64, request.bytes, 64);
        burst[i * 64 + 4] = (uint8_t)i;
    }
    fake_vm_send(&session.vm, burst, PART);
    ck_assert_int_eq(coreio_mainloop(100), 0);
    fake_vm_send(&session.vm, burst + PART, sizeof(burst) - PART);
    fake_vm_expect(&session.vm, burst, sizeof(burst));
    ck_assert_uint_eq(session.n_calls, COUNT);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("split", true, &tcase);

    tcase_add_test(tcase, request_cut_at_every_byte);
    tcase_add_test(tcase, long_packet_cut_at_every_byte);
    tcase_add_test(tcase, one_byte_at_a_time);
    tcase_add_test(tcase, many_packets_and_a_part_of_one);
    return tap_run(suite);
}
