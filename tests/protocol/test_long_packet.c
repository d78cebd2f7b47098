/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM that sends packets of more than 64 bytes: served by their first block, skipped whole. */
#include "session.h"

#include <string.h>

#define LONGEST (256 * 64)

static uint8_t packet[LONGEST];

/* The vector with n further blocks, each of which looks like a READ of range 0. */
static size_t lengthen(const char *name, uint8_t n)
{
    struct vector vector;
    size_t len = 64;

    vector_load("read-1", &vector);
    for (; len < 64u * (n + 1u); len += 64) {
        memcpy(packet + len, vector.bytes, 64);
    }
    vector_load(name, &vector);
    memcpy(packet, vector.bytes, 64);
    packet[1] = n;
    return len;
}

START_TEST(read_is_answered_with_n_0)
{
    struct vector reply;

    session.leave_data = true;
    fake_vm_send(&session.vm, packet, lengthen("read-1", (uint8_t)_i));
    vector_load("read-1", &reply);
    fake_vm_expect(&session.vm, reply.bytes, reply.len);
    session_settle();
    session_only_call("read");
}
END_TEST

START_TEST(posted_write_is_done_once)
{
    fake_vm_send(&session.vm, packet, lengthen("write-1", (uint8_t)_i));
    session_settle();
    session_only_call("write");
}
END_TEST

START_TEST(unknown_opcode_is_dropped_whole)
{
    size_t len = lengthen("reset", (uint8_t)_i);

    packet[8] = 0x7f;
    fake_vm_send(&session.vm, packet, len);
    session_settle();
    ck_assert_uint_eq(session.n_calls, 0);
}
END_TEST

START_TEST(unclaimed_range_gets_one_block_back)
{
    struct vector reply;
    size_t len = lengthen("read-8-secure", (uint8_t)_i);

    fake_vm_send(&session.vm, packet, len);
    vector_load("read-8-secure", &reply);
    fake_vm_expect(&session.vm, reply.bytes, reply.len);
    session_settle();
}
END_TEST

int main(void)
{
    static const int lengths[] = { 1, 2, 63, 64, 255 };
    TCase *tcase;
    Suite *suite = session_suite("long_packet", true, &tcase);

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        int n = lengths[i];

        tcase_add_loop_test(tcase, read_is_answered_with_n_0, n, n + 1);
        tcase_add_loop_test(tcase, posted_write_is_done_once, n, n + 1);
        tcase_add_loop_test(tcase, unknown_opcode_is_dropped_whole, n, n + 1);
        tcase_add_loop_test(tcase, unclaimed_range_gets_one_block_back, n, n + 1);
    }
    return tap_run(suite);
}
