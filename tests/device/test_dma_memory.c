/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which memory DMA reaches: RAM of each machine, what dma-ranges leaves of it, nothing else. */
#include "dma_request.h"
#include "guest.h"
#include "tap.h"

#include <string.h>

#define DMA_SIZE_MAX 32

/* RAM ends behind it: what is there stays whole. */
START_TEST(across_the_ends_of_ram)
{
    uint8_t zeros[DMA_SIZE_MAX] = { 0 }, got[DMA_SIZE_MAX];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect(&vm, "vmmio0", &peer);
    for (unsigned i = 1; i < DMA_SIZE_MAX; i++) {
        dma_expect_refused(&peer, DMA_SIZE_MAX, DMA_RAM_END - i);
        dma_expect_refused(&peer, DMA_SIZE_MAX, DMA_RAM - i);
    }
    dma_peek(&vm, DMA_RAM_END - DMA_SIZE_MAX, got, sizeof(got));
    ck_assert_mem_eq(got, zeros, sizeof(got));
    dma_expect_data(&peer, DMA_SIZE_MAX, DMA_RAM_END - DMA_SIZE_MAX, zeros);
    dma_expect_written(&peer, DMA_SIZE_MAX, DMA_RAM_END - DMA_SIZE_MAX);
    dma_expect_written(&peer, DMA_SIZE_MAX, DMA_RAM);
    ck_assert_uint_eq(qtest_read(&vm, 4, DMA_RAM_END - 4), 0x201f1e1d);
    qtest_stop(&vm);
}
END_TEST

/* Two regions of RAM side by side are one memory to a client. */
START_TEST(across_two_memories)
{
    static const uint8_t written[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    struct qtest vm;
    struct peer peer;

    qtest_start(&vm, "aarch64", DEVICE_VIRT " -accel qtest"
                " -object memory-backend-ram,id=a,size=16M -numa node,memdev=a"
                " -object memory-backend-ram,id=b,size=16M -numa node,memdev=b"
                " -device vmmio,id=vmmio0,listen=127.0.0.1:0");
    qmp_open(&vm);
    device_connect(&vm, "vmmio0", &peer);
    dma_expect_written(&peer, 8, DMA_RAM + 0x1000000 - 3);
    ck_assert_uint_eq(qtest_read(&vm, 8, DMA_RAM + 0x1000000 - 3), 0x0807060504030201);
    dma_expect_data(&peer, 8, DMA_RAM + 0x1000000 - 3, written);
    qtest_stop(&vm);
}
END_TEST

static const uint64_t not_ram[] = {
    0x00000000,           /* flash */
    0x04000000,           /* the second flash */
    0x08000000,           /* interrupt controller */
    0x09000000,           /* serial port */
    0x3f000000,           /* nothing */
    DEVICE_BASE,          /* the client's own range */
    DEVICE_BASE + 0xff8,  /* its end */
    0x1000000000,         /* another range of the endpoint */
    0x1000001000,         /* one of another endpoint */
    0xfffffffffffffff8,   /* the end of all addresses */
    0xffffffffffffffff,   /* and over it */
};

/* The handlers of the ranges hear nothing of it. */
START_TEST(what_is_not_ram)
{
    struct qtest vm;
    struct peer peer, other;

    device_start(&vm, "timeout-ms=0"
                      " -device vmmio,id=vmmio1,listen=127.0.0.1:0,start=0x1000000000"
                      " -device vmmio,id=vmmio2,listen=127.0.0.2:0,start=0x1000001000");
    device_connect_and_claim(&vm, &peer);
    device_connect(&vm, "vmmio2", &other);
    peer_send_text(&other, DEVICE_CLAIM_0);
    device_await_claims(&vm, "vmmio2", 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(not_ram); i++) {
        dma_expect_refused(&peer, 8, not_ram[i]);
    }
    device_check_read(&vm, &peer);
    peer_expect_silence(&other, 0);
    qtest_stop(&vm);
}
END_TEST

/* 1090527232 is 0x41002000: the first two ranges touch. */
START_TEST(dma_ranges)
{
    static const uint8_t zeros[DMA_SIZE_MAX];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "dma-ranges="
                      "0x41001000-0x41001fff:1090527232-0x4100200F:0x41800000-0x41800000");
    device_connect(&vm, "vmmio0", &peer);
    dma_expect_data(&peer, 32, 0x41001000, zeros);
    dma_expect_data(&peer, 32, 0x41001fe0, zeros);
    dma_expect_data(&peer, 16, 0x41002000, zeros);
    dma_expect_data(&peer, 1, 0x41800000, zeros);
    dma_expect_refused(&peer, 1, 0x41000fff);
    dma_expect_refused(&peer, 2, 0x41000fff);
    dma_expect_refused(&peer, 32, 0x41001fe1);
    dma_expect_refused(&peer, 17, 0x41002000);
    dma_expect_refused(&peer, 1, 0x41002010);
    dma_expect_refused(&peer, 2, 0x41800000);
    dma_expect_refused(&peer, 1, 0x41800001);
    qtest_stop(&vm);
}
END_TEST

START_TEST(dma_ranges_none)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "dma-ranges=none");
    device_connect_and_claim(&vm, &peer);
    dma_expect_refused(&peer, 1, DMA_RAM);
    dma_expect_refused(&peer, 1, 0);
    device_check_read(&vm, &peer);
    qtest_stop(&vm);
}
END_TEST

/* Allowing what is no RAM makes it none. */
START_TEST(dma_ranges_beyond_ram)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "dma-ranges=0-0xffffffffffffffff");
    device_connect(&vm, "vmmio0", &peer);
    dma_expect_written(&peer, 32, DMA_RAM);
    dma_expect_refused(&peer, 32, DMA_RAM_END - 31);
    dma_expect_refused(&peer, 4, DEVICE_BASE);
    qtest_stop(&vm);
}
END_TEST

/* The first device speaks for the endpoint; others may say the same, or nothing. */
START_TEST(dma_ranges_of_an_endpoint)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "dma-ranges=0x40001000-0x40001fff"
                      " -device vmmio,listen=127.0.0.1:0,start=0x1000000000"
                      " -device vmmio,listen=127.0.0.1:0,start=0x1000001000,"
                      "dma-ranges=0x40001000-0x40001fff"
                      " -device vmmio,id=vmmio3,listen=127.0.0.2:0,start=0x1000002000,"
                      "dma-ranges=none");
    device_connect(&vm, "vmmio0", &peer);
    dma_expect_written(&peer, 8, 0x40001000);
    dma_expect_refused(&peer, 8, 0x40002000);
    device_connect(&vm, "vmmio3", &peer);
    dma_expect_refused(&peer, 8, 0x40001000);
    qtest_stop(&vm);
}
END_TEST

/* 1 MiB is where the second part of a PC's RAM begins; ROM is below it and at 4 GiB. */
START_TEST(ram_of_a_pc)
{
    struct qtest vm;
    struct peer peer;

    qtest_start(&vm, "x86_64", "-M pc -m 32 -accel qtest"
                " -device vmmio,id=vmmio0,listen=127.0.0.1:0");
    qmp_open(&vm);
    device_connect(&vm, "vmmio0", &peer);
    dma_expect_written(&peer, 32, 0x1000);
    dma_expect_written(&peer, 32, 0x100000);
    dma_expect_written(&peer, 32, 0x1ffffe0);
    ck_assert_uint_eq(qtest_read(&vm, 8, 0x1ffffe0), 0x0807060504030201);
    dma_expect_refused(&peer, 32, 0x1ffffe1);
    dma_expect_refused(&peer, 32, 0xfffffff0);
    dma_expect_refused(&peer, 16, 0xfffffff0);
    dma_expect_refused(&peer, 16, 0xffff0);
    dma_expect_refused(&peer, 32, 0xffff0);
    dma_expect_refused(&peer, 4, DEVICE_BASE);
    dma_expect_refused(&peer, 4, 0xfec00000); /* IOAPIC */
    qtest_stop(&vm);
}
END_TEST

START_TEST(ram_of_the_pi)
{
    struct qtest vm;
    struct peer peer;

    qtest_start(&vm, "aarch64", "-M raspi4b -accel qtest"
                " -device vmmio,id=vmmio0,listen=127.0.0.1:0");
    qmp_open(&vm);
    device_connect(&vm, "vmmio0", &peer);
    dma_expect_written(&peer, 32, 0);
    dma_expect_written(&peer, 32, 0x1000001);
    ck_assert_uint_eq(qtest_read(&vm, 8, 0x1000001), 0x0807060504030201);
    dma_expect_refused(&peer, 4, 0xfe201000); /* PL011 */
    dma_expect_refused(&peer, 4, DEVICE_BASE);
    qtest_stop(&vm);
}
END_TEST

/* A routine in RAM that the guest calls for ever changes under it. */
START_TEST(code_is_translated_anew)
{
    static const uint32_t caller[] = {
        0xd2a80603, /*    mov  x3, #0x40300000 */
        0xd2a80405, /*    mov  x5, #0x40200000 */
        0xd63f00a0, /* 1: blr  x5              */
        0xb9000062, /*    str  w2, [x3]        */
        0x17fffffe, /*    b    1b              */
    };
    struct qtest vm;
    struct peer peer;

    guest_start(&vm, "-accel tcg", "timeout-ms=0", caller, G_N_ELEMENTS(caller));
    device_connect(&vm, "vmmio0", &peer);
    qtest_write(&vm, 4, 0x40200000, 0x52800022); /* mov w2, #1 */
    qtest_write(&vm, 4, 0x40200004, 0xd65f03c0); /* ret        */
    qmp_run(&vm, "cont");
    guest_await_result(&vm, 0, 1);
    for (uint32_t value = 2; value < 50; value++) {
        uint32_t mov = 0x52800002 | value << 5; /* mov w2, #value */
        uint8_t packet[PEER_PACKET];

        dma_make_write(packet, 4, 0x40200000);
        for (unsigned i = 0; i < 4; i++) {
            packet[24 + i] = (uint8_t)(mov >> (8 * i));
        }
        dma_expect_unchanged(&peer, packet);
        guest_await_result(&vm, 0, value);
    }
    qtest_stop(&vm);
}
END_TEST

/*
 * The routine reads the range, and while that waits the handler changes what comes behind the
 * read: the vCPU's own thread, in the middle of the routine's translation, then serves the DMA.
 */
START_TEST(code_of_the_waiting_vcpu)
{
    static const uint32_t caller[] = {
        0xd2bfde01, /*    mov  x1, #0xfef00000 */
        0xd2a80603, /*    mov  x3, #0x40300000 */
        0xd2a80405, /*    mov  x5, #0x40200000 */
        0xd63f00a0, /* 1: blr  x5              */
        0xb9000062, /*    str  w2, [x3]        */
        0x17fffffe, /*    b    1b              */
    };
    uint8_t request[PEER_PACKET], packet[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_start(&vm, _i ? "-accel tcg,thread=single" : "-accel tcg,thread=multi",
                "timeout-ms=0,ping-ms=0", caller, G_N_ELEMENTS(caller));
    device_connect_and_claim(&vm, &peer);
    qtest_write(&vm, 4, 0x40200000, 0xb9400022); /* ldr w2, [x1] */
    qtest_write(&vm, 4, 0x40200004, 0x52800022); /* mov w2, #1   */
    qtest_write(&vm, 4, 0x40200008, 0xd65f03c0); /* ret          */
    qmp_run(&vm, "cont");
    peer_expect(&peer, DEVICE_READ_4, request);
    dma_make_write(packet, 4, 0x40200004);
    memcpy(packet + 24, "\x42\x00\x80\x52", 4); /* mov w2, #2 */
    dma_expect_unchanged(&peer, packet);
    peer_answer(&peer, request, 0);
    /* From the second round on, what was written runs; its result is there in the third. */
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_answer(&peer, request, 0);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS), 2);
    /* The handler goes, so that nobody waits when QEMU is ended. */
    peer_close(&peer);
    device_await_released(&vm);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dma_memory");
    TCase *tcase = tcase_create("dma_memory");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_test(tcase, across_the_ends_of_ram);
    tcase_add_test(tcase, across_two_memories);
    tcase_add_test(tcase, what_is_not_ram);
    tcase_add_test(tcase, dma_ranges);
    tcase_add_test(tcase, dma_ranges_none);
    tcase_add_test(tcase, dma_ranges_beyond_ram);
    tcase_add_test(tcase, dma_ranges_of_an_endpoint);
    tcase_add_test(tcase, ram_of_a_pc);
    tcase_add_test(tcase, ram_of_the_pi);
    tcase_add_test(tcase, code_is_translated_anew);
    tcase_add_loop_test(tcase, code_of_the_waiting_vcpu, 0, 2);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
