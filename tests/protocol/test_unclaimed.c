/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM that asks for ranges that the client has not claimed gets every request back. */
#include "session.h"

static void echoed(const char *name, uint8_t range)
{
    struct vector packet;

    vector_load(name, &packet);
    packet.bytes[0] = range;
    fake_vm_send(&session.vm, packet.bytes, packet.len);
    fake_vm_expect(&session.vm, packet.bytes, packet.len);
    session_settle();
    ck_assert_uint_eq(session.n_calls, 0);
}

START_TEST(every_access)
{
    static const char *const accesses[] = {
        "read-1", "write-1", "readp-4", "writep-8", "writea-8", "writeap-16", "read-4-reserved",
    };

    echoed(accesses[_i], 1);
    echoed(accesses[_i], 7);
    echoed(accesses[_i], 8);
    echoed(accesses[_i], 255);
}
END_TEST

START_TEST(even_an_error_bit)
{
    echoed("writea-8-error", 3);
}
END_TEST

START_TEST(even_an_impossible_size)
{
    struct vector packet;

    vector_load("read-1", &packet);
    packet.bytes[0] = 2;
    packet.bytes[10] = 63;
    fake_vm_send(&session.vm, packet.bytes, packet.len);
    fake_vm_expect(&session.vm, packet.bytes, packet.len);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("unclaimed", true, &tcase);

    tcase_add_loop_test(tcase, every_access, 0, 7);
    tcase_add_test(tcase, even_an_error_bit);
    tcase_add_test(tcase, even_an_impossible_size);
    return tap_run(suite);
}
