/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM that asks for sizes that no packet can carry: the error bit, no callback, no overrun. */
#include "session.h"

/* Send the vector with another size; expect it back with the error bit when it has a reply. */
static void refuse(const char *name, uint8_t size, bool replied)
{
    struct vector packet;

    vector_load(name, &packet);
    /* Bits 21:16 of word 1 are the low bits of the third byte of that word. */
    packet.bytes[10] = size;
    fake_vm_send(&session.vm, packet.bytes, packet.len);
    if (replied) {
        packet.bytes[3] = 0x40;
        fake_vm_expect(&session.vm, packet.bytes, packet.len);
    }
    session_settle();
    ck_assert_uint_eq(session.n_calls, 0);
}

START_TEST(single)
{
    static const uint8_t sizes[] = { 0, 33, 40, 63 };

    refuse("read-1", sizes[_i], true);
    refuse("writea-8", sizes[_i], true);
    refuse("write-1", sizes[_i], false);
}
END_TEST

START_TEST(pair)
{
    static const uint8_t sizes[] = { 0, 17, 24, 32, 33, 63 };

    refuse("readp-4", sizes[_i], true);
    refuse("writeap-16", sizes[_i], true);
    refuse("writep-8", sizes[_i], false);
}
END_TEST

/* The largest that fits is not refused. */
START_TEST(boundary)
{
    struct vector packet;

    vector_load("writea-8", &packet);
    packet.bytes[10] = 32;
    fake_vm_send(&session.vm, packet.bytes, packet.len);
    fake_vm_expect(&session.vm, packet.bytes, packet.len);
    vector_load("writeap-16", &packet);
    packet.bytes[10] = 15;
    fake_vm_send(&session.vm, packet.bytes, packet.len);
    fake_vm_expect(&session.vm, packet.bytes, packet.len);
    ck_assert_uint_eq(session.n_calls, 2);
    ck_assert_uint_eq(session.calls[0].len, 32);
    ck_assert_uint_eq(session.calls[1].len, 15);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("impossible_size", true, &tcase);

    tcase_add_loop_test(tcase, single, 0, 4);
    tcase_add_loop_test(tcase, pair, 0, 6);
    tcase_add_test(tcase, boundary);
    return tap_run(suite);
}
