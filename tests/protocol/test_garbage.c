/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM that sends what nobody asked for: dropped without a word, and the next packet is served. */
#include "session.h"

#include <string.h>

static bool known_request(unsigned opcode)
{
    return opcode <= 0x06;
}

START_TEST(unknown_opcodes)
{
    struct vector packet;

    vector_load("read-1", &packet);
    for (unsigned opcode = 0; opcode <= 0xff; opcode++) {
        if (!known_request(opcode)) {
            packet.bytes[8] = (uint8_t)opcode;
            fake_vm_send(&session.vm, packet.bytes, packet.len);
        }
    }
    session_settle();
    ck_assert_uint_eq(session.n_calls, 0);
}
END_TEST

START_TEST(unknown_opcodes_for_an_unclaimed_range)
{
    struct vector packet;

    vector_load("read-8-secure", &packet);
    packet.bytes[8] = 0x07;
    fake_vm_send(&session.vm, packet.bytes, packet.len);
    session_settle();
}
END_TEST

START_TEST(replies_to_requests_never_made)
{
    fake_vm_send_vector(&session.vm, "dma-read-reply");
    fake_vm_send_vector(&session.vm, "dma-writea-error");
    session_settle();
    ck_assert_uint_eq(session.n_calls, 0);
}
END_TEST

START_TEST(packets_that_only_clients_send)
{
    fake_vm_send_vector(&session.vm, "claim-0");
    fake_vm_send_vector(&session.vm, "irq-raise");
    session_settle();
    ck_assert_uint_eq(session.n_calls, 0);
}
END_TEST

START_TEST(reset_has_no_reply)
{
    fake_vm_send_vector(&session.vm, "reset");
    session_settle();
    fake_vm_send_vector(&session.vm, "writea-8");
    fake_vm_expect_vector(&session.vm, "writea-8");
    session_only_call("write");
}
END_TEST

START_TEST(a_block_of_ones)
{
    uint8_t longest[256 * 64];

    memset(longest, 0xff, sizeof(longest));
    fake_vm_send(&session.vm, longest, sizeof(longest));
    session_settle();
    ck_assert_uint_eq(session.n_calls, 0);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("garbage", true, &tcase);

    tcase_add_test(tcase, unknown_opcodes);
    tcase_add_test(tcase, unknown_opcodes_for_an_unclaimed_range);
    tcase_add_test(tcase, replies_to_requests_never_made);
    tcase_add_test(tcase, packets_that_only_clients_send);
    tcase_add_test(tcase, reset_has_no_reply);
    tcase_add_test(tcase, a_block_of_ones);
    return tap_run(suite);
}
