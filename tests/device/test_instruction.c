/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An instruction that is taken back while it waits: each of its accesses is made once all the same. */
#include "guest.h"
#include "tap.h"

/* No timeout: whatever ends the wait is what the test did. */
#define PATIENT "timeout-ms=0,ping-ms=0"

/* What SVE and the memory copy need; DEVICE_VIRT has a smaller CPU. */
#define MAX_CPU "-accel tcg -cpu max"

/* The instruction that waits is taken back, and executed again. */
static void restart(struct qtest *vm)
{
    qmp_run(vm, "stop");
    qmp_run(vm, "cont");
}

/* The next request reads `size` bytes at DEVICE_BASE + offset; it stays the only one. */
static void expect_read(struct qtest *vm, struct peer *peer, unsigned offset, unsigned size,
                        uint8_t request[PEER_PACKET])
{
    peer_receive(peer, request);
    ck_assert_uint_eq(request[8], 0x01);
    ck_assert_uint_eq(request[10], size);
    ck_assert_uint_eq(request[16], offset);
    restart(vm);
    peer_expect_silence(peer, 0);
}

/* All indices of the gather load are equal, and so are its accesses. */
START_TEST(equal_accesses_of_one_instruction)
{
    static const uint32_t program[] = {
        0xd2a00660, /* mov   x0, #0x330000       */
        0xd5181040, /* msr   cpacr_el1, x0       SVE may be used */
        0xd5033fdf, /* isb                       */
        0xd2bfde01, /* mov   x1, #0xfef00000     */
        0xd2a80603, /* mov   x3, #0x40300000     */
        0x25b8c001, /* mov   z1.s, #0            */
        0x2598e060, /* ptrue p0.s, vl3           */
        0x85014020, /* ld1w  {z0.s}, p0/z, [x1, z1.s, uxtw] */
        0xe540e060, /* st1w  {z0.s}, p0, [x3]    */
        0x14000000, /* b     .                   */
    };
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_run(&vm, &peer, MAX_CPU, PATIENT, program, G_N_ELEMENTS(program));
    for (unsigned i = 0; i < 3; i++) {
        expect_read(&vm, &peer, 0, 4, request);
        peer_answer(&peer, request, 0x100 + i);
    }
    for (unsigned i = 0; i < 3; i++) {
        guest_await_result(&vm, 4 * i, 0x100 + i);
    }
    peer_expect_silence(&peer, 0);
    qtest_stop(&vm);
}
END_TEST

/* The longest vector, byte by byte; the instruction is taken back at some of them. */
START_TEST(many_accesses_of_one_instruction)
{
    static const uint32_t program[] = {
        0xd2a00660, /* mov   x0, #0x330000       */
        0xd5181040, /* msr   cpacr_el1, x0       SVE may be used */
        0xd5033fdf, /* isb                       */
        0xd28001e0, /* mov   x0, #15             */
        0xd5181200, /* msr   zcr_el1, x0         256 bytes */
        0xd5033fdf, /* isb                       */
        0xd2bfde01, /* mov   x1, #0xfef00000     */
        0xd2a80603, /* mov   x3, #0x40300000     */
        0x2518e3e0, /* ptrue p0.b                */
        0xa400a020, /* ld1b  {z0.b}, p0/z, [x1]  */
        0xe400e060, /* st1b  {z0.b}, p0, [x3]    */
        0x52800022, /* mov   w2, #1              */
        0xb9010062, /* str   w2, [x3, #256]      */
        0x14000000, /* b     .                   */
    };
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_run(&vm, &peer, MAX_CPU, PATIENT, program, G_N_ELEMENTS(program));
    for (unsigned i = 0; i < 256; i++) {
        peer_receive(&peer, request);
        ck_assert_uint_eq(request[16], i);
        if (i % 50 == 49 || i == 255) {
            restart(&vm);
        }
        peer_answer(&peer, request, 255 - i);
    }
    guest_await_result(&vm, 256, 1);
    for (unsigned i = 0; i < 256; i++) {
        ck_assert_uint_eq(qtest_read(&vm, 1, GUEST_RESULTS + i), 255 - i);
    }
    peer_expect_silence(&peer, 0);
    qtest_stop(&vm);
}
END_TEST

/* What it has copied is done: the instruction goes on behind that when it is executed again. */
START_TEST(memory_copy)
{
    static const uint32_t program[] = {
        0xd2bfde01, /* mov   x1, #0xfef00000       */
        0xd2a80603, /* mov   x3, #0x40300000       */
        0xd2800062, /* mov   x2, #3                */
        0x19010443, /* cpyfp [x3]!, [x1]!, x2!     */
        0x19410443, /* cpyfm [x3]!, [x1]!, x2!     */
        0x19810443, /* cpyfe [x3]!, [x1]!, x2!     */
        0x14000000, /* b     .                     */
    };
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_run(&vm, &peer, MAX_CPU, PATIENT, program, G_N_ELEMENTS(program));
    for (unsigned i = 0; i < 3; i++) {
        expect_read(&vm, &peer, i, 1, request);
        peer_answer(&peer, request, 0x11 * (i + 1));
    }
    guest_await_result(&vm, 0, 0x332211);
    peer_expect_silence(&peer, 0);
    qtest_stop(&vm);
}
END_TEST

/*
 * CPU 0 reads through a mapping that CPU 1 takes away, so that it faults instead
 * when it executes the instruction again; the fault's handler reads the same
 * register. The two reads have nothing to do with each other.
 */
START_TEST(another_instruction_asks_anew)
{
    static const uint32_t program[] = {
        0xd2bfde01, /*    mov  x1, #0xfef00000              */
        0xd2a80603, /*    mov  x3, #0x40300000              */
        0xd5385205, /*    mrs  x5, esr_el1     0 at first   */
        0xb5000505, /*    cbnz x5, 3f                       */
        0xd53800a5, /*    mrs  x5, mpidr_el1                */
        0x92401ca5, /*    and  x5, x5, #0xff   number       */
        0xb50003a5, /*    cbnz x5, 1f                       */
        0xd2a80407, /*    mov  x7, #0x40200000 a table of 1 GiB blocks */
        0xd2808028, /*    mov  x8, #0x401                   */
        0xf90000e8, /*    str  x8, [x7]        the program  */
        0xd2a80009, /*    mov  x9, #0x40000000              */
        0x8b090108, /*    add  x8, x8, x9                   */
        0xf90004e8, /*    str  x8, [x7, #8]    RAM          */
        0x8b090108, /*    add  x8, x8, x9                   */
        0x8b090108, /*    add  x8, x8, x9                   */
        0xf9000ce8, /*    str  x8, [x7, #24]   the range    */
        0xf90010e8, /*    str  x8, [x7, #32]   the same 1 GiB further up */
        0xd5182007, /*    msr  ttbr0_el1, x7                */
        0xd2800320, /*    mov  x0, #0x19       39 bits      */
        0xd5182040, /*    msr  tcr_el1, x0                  */
        0xd5033fdf, /*    isb                               */
        0xd5381000, /*    mrs  x0, sctlr_el1                */
        0xb2400000, /*    orr  x0, x0, #1      MMU on       */
        0xd5181000, /*    msr  sctlr_el1, x0                */
        0xd5033fdf, /*    isb                               */
        0xd2800060, /*    mov  x0, #0x3                     */
        0xf2b88000, /*    movk x0, #0xc400, lsl #16  CPU_ON */
        0xd2800021, /*    mov  x1, #1          which        */
        0xd2804002, /*    mov  x2, #0x200      entry point  */
        0xd2800003, /*    mov  x3, #0                       */
        0xd4000002, /*    hvc  #0              PSCI         */
        0xd2bfde06, /*    mov  x6, #0xfef00000              */
        0x8b0900c6, /*    add  x6, x6, x9                   */
        0xb94000c2, /*    ldr  w2, [x6]                     */
        0x14000000, /*    b    .                            */
        0xb9401064, /* 1: ldr  w4, [x3, #16]   the test's sign */
        0x34ffffe4, /*    cbz  w4, 1b                       */
        0xd2a80407, /*    mov  x7, #0x40200000              */
        0xf90010ff, /*    str  xzr, [x7, #32]               */
        0xd5033f9f, /*    dsb  sy                           */
        0xd508831f, /*    tlbi vmalle1is                    */
        0xd5033f9f, /*    dsb  sy                           */
        0x14000000, /*    b    .                            */
        0xb9400022, /* 3: ldr  w2, [x1]                     */
        0xb9000062, /*    str  w2, [x3]                     */
        0x14000000, /*    b    .                            */
    };
    uint8_t first[PEER_PACKET], second[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_run(&vm, &peer, "-accel tcg,thread=multi -smp 2", PATIENT,
              program, G_N_ELEMENTS(program));
    peer_expect(&peer, DEVICE_READ_4, first);
    qtest_write(&vm, 4, GUEST_RESULTS + 16, 1);
    peer_expect(&peer, DEVICE_READ_4, second);
    peer_answer(&peer, first, 0x1111);
    peer_answer(&peer, second, 0x2222);
    guest_await_result(&vm, 0, 0x2222);
    peer_expect_silence(&peer, 0);
    qtest_stop(&vm);
}
END_TEST

/* PAR_EL1: failed (bit 0), translation fault at level 1 (5 << 1), bit 11 is always 1. */
#define WALK_FAILED 0x80b

/* A walk can neither wait nor be taken back, so a page table in the range is all 0xaa: invalid. */
START_TEST(page_table_walk_does_not_wait)
{
    static const uint32_t program[] = {
        0xd2bfde01, /* mov  x1, #0xfef00000         */
        0xd2a80603, /* mov  x3, #0x40300000         */
        0xb9400022, /* ldr  w2, [x1]                */
        0xd2a80407, /* mov  x7, #0x40200000  a table of 1 GiB blocks */
        0xd2808028, /* mov  x8, #0x401              */
        0xf90000e8, /* str  x8, [x7]         the program */
        0xd2a80009, /* mov  x9, #0x40000000         */
        0x8b090108, /* add  x8, x8, x9              */
        0xf90004e8, /* str  x8, [x7, #8]     RAM    */
        0xd5182007, /* msr  ttbr0_el1, x7           */
        0xd5182021, /* msr  ttbr1_el1, x1    the range */
        0xd2800320, /* mov  x0, #0x19               */
        0xf2b00320, /* movk x0, #0x8019, lsl #16    */
        0xd5182040, /* msr  tcr_el1, x0      39 bits each, 4 KiB pages */
        0xd5033fdf, /* isb                          */
        0xd5381000, /* mrs  x0, sctlr_el1           */
        0xb2400000, /* orr  x0, x0, #1       MMU on */
        0xd5181000, /* msr  sctlr_el1, x0           */
        0xd5033fdf, /* isb                          */
        0xb25963e0, /* mov  x0, #0xffffff8000000000 the lowest of ttbr1 */
        0xd5087800, /* at   s1e1r, x0        translate it */
        0xd5033fdf, /* isb                          */
        0xd5387400, /* mrs  x0, par_el1             */
        0xb9000060, /* str  w0, [x3]                */
        0x14000000, /* b    .                       */
    };
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_run(&vm, &peer, "-accel tcg", PATIENT, program, G_N_ELEMENTS(program));
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_answer(&peer, request, 0);
    guest_await_result(&vm, 0, WALK_FAILED);
    peer_expect_silence(&peer, 0);
    qtest_stop(&vm);
}
END_TEST

static unsigned count_lines(struct qtest *vm, const char *words)
{
    g_autofree char *printed = qtest_stderr(vm);
    g_auto(GStrv) parts = g_strsplit(printed, words, -1);

    return g_strv_length(parts) - 1;
}

/*
 * CPU 0's swap of a device register needs all others to stand still. While it
 * waits, they do not: CPU 1 counts. It has counted so far in less than a second
 * on its own; CPU 0 is not to have come back every millisecond of that.
 */
#define COUNTED 30000000
#define RETURNS_MAX 20

START_TEST(others_run_while_a_swap_waits)
{
    static const uint32_t program[] = {
        0xd53800a5, /*    mrs  x5, mpidr_el1                */
        0x92401ca5, /*    and  x5, x5, #0xff   number       */
        0xb50001a5, /*    cbnz x5, 1f                       */
        0xd2800060, /*    mov  x0, #0x3                     */
        0xf2b88000, /*    movk x0, #0xc400, lsl #16  CPU_ON */
        0xd2800021, /*    mov  x1, #1          which        */
        0xd2804002, /*    mov  x2, #0x200      entry point  */
        0xd2800003, /*    mov  x3, #0                       */
        0xd4000002, /*    hvc  #0              PSCI         */
        0xd2bfde01, /*    mov  x1, #0xfef00000              */
        0xd2a80603, /*    mov  x3, #0x40300000              */
        0x52800ee4, /*    mov  w4, #0x77                    */
        0xb8248024, /*    swp  w4, w4, [x1]                 */
        0xb9000464, /*    str  w4, [x3, #4]                 */
        0x14000000, /*    b    .                            */
        0xd2a80603, /* 1: mov  x3, #0x40300000              */
        0x52800004, /*    mov  w4, #0                       */
        0x11000484, /* 2: add  w4, w4, #1                   */
        0xb9000064, /*    str  w4, [x3]                     */
        0x17fffffe, /*    b    2b                           */
    };
    uint8_t packet[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_run(&vm, &peer, "-accel tcg,thread=multi -smp 2 -cpu max -trace vmmio_parked", PATIENT,
              program, G_N_ELEMENTS(program));
    peer_expect(&peer, DEVICE_READ_4, packet);
    guest_await_at_least(&vm, 0, COUNTED);
    ck_assert_uint_gt(count_lines(&vm, "vmmio_parked "), 0);
    ck_assert_uint_lt(count_lines(&vm, "vmmio_parked "), RETURNS_MAX);
    restart(&vm);
    peer_answer(&peer, packet, 0x41);
    peer_receive(&peer, packet);
    ck_assert_uint_eq(packet[8], 0x05);
    ck_assert_uint_eq(packet[24], 0x77);
    restart(&vm);
    peer_send(&peer, packet, sizeof(packet));
    guest_await_result(&vm, 4, 0x41);
    peer_expect_silence(&peer, 0);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("instruction", equal_accesses_of_one_instruction,
                      many_accesses_of_one_instruction, memory_copy,
                      another_instruction_asks_anew, page_table_walk_does_not_wait,
                      others_run_while_a_swap_waits);
}
