/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without a handler every byte reads 0xaa and writes are dropped, on every board. */
#include "device.h"

static void check_reads(struct qtest *vm)
{
    for (unsigned size = 1; size <= 8; size *= 2) {
        uint64_t fill = DEVICE_UNCLAIMED >> (64 - size * 8);

        for (unsigned offset = 0; offset < 16; offset++) {
            ck_assert_uint_eq(qtest_read(vm, size, DEVICE_BASE + offset), fill);
        }
        ck_assert_uint_eq(qtest_read(vm, size, DEVICE_BASE + 0x1000 - size), fill);
    }
}

static void check_writes_are_dropped(struct qtest *vm)
{
    for (unsigned size = 1; size <= 8; size *= 2) {
        for (unsigned offset = 0; offset < 16; offset++) {
            qtest_write(vm, size, DEVICE_BASE + offset, 0x1122334455667788);
        }
    }
    check_reads(vm);
}

/* A range of bytes, which reaches the device as accesses of several sizes. */
static void check_bytes(struct qtest *vm)
{
    g_autofree char *bytes = NULL;

    qtest_send(vm, "read 0xfef00001 0xd");
    bytes = qtest_answer(vm);
    ck_assert_str_eq(bytes, "0xaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void check_board(const char *system, const char *machine)
{
    struct qtest vm;

    qtest_start(&vm, system, "-accel qtest %s -device vmmio,listen=127.0.0.1:0", machine);
    check_reads(&vm);
    check_writes_are_dropped(&vm);
    check_bytes(&vm);
    qtest_stop(&vm);
}

START_TEST(raspi4b)
{
    check_board("aarch64", "-M raspi4b");
}
END_TEST

START_TEST(virt)
{
    check_board("aarch64", DEVICE_VIRT);
}
END_TEST

START_TEST(pc)
{
    check_board("x86_64", "-M pc -m 32");
}
END_TEST

START_TEST(q35)
{
    check_board("x86_64", "-M q35 -m 32");
}
END_TEST

START_TEST(microvm)
{
    check_board("x86_64", "-M microvm -m 32");
}
END_TEST

/* The range ends where it was told to: the byte after it is nobody's. */
START_TEST(size_is_kept)
{
    struct qtest vm;

    device_start(&vm, "size=0x2000");
    ck_assert_uint_eq(qtest_read(&vm, 1, DEVICE_BASE - 1), 0);
    ck_assert_uint_eq(qtest_read(&vm, 1, DEVICE_BASE + 0x1fff), 0xaa);
    ck_assert_uint_eq(qtest_read(&vm, 1, DEVICE_BASE + 0x2000), 0);
    qtest_stop(&vm);
}
END_TEST

START_TEST(start_is_kept)
{
    struct qtest vm;

    device_start(&vm, "start=0xfee00000");
    ck_assert_uint_eq(qtest_read(&vm, 4, 0xfee00000), 0xaaaaaaaa);
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("fallback", raspi4b, virt, pc, q35, microvm, size_is_kept, start_is_kept);
}
