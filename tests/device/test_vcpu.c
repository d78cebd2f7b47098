/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU that waits for a handler: the rest of QEMU goes on, and it can be stopped. */
#include "guest.h"
#include "tap.h"

/* Run with TCG's one thread for all vCPUs, and with a thread for each. */
static const char *const accelerators[] = { "-accel tcg,thread=multi", "-accel tcg,thread=single" };

/* No timeout: whatever ends the wait is what the test did. */
#define PATIENT "timeout-ms=0,ping-ms=0"

/* The guest's first read has reached the peer. */
static void start_waiting_read(struct qtest *vm, struct peer *peer, const char *accelerator,
                               uint8_t request[PEER_PACKET])
{
    guest_start_reader(vm, accelerator, PATIENT);
    device_connect_and_claim(vm, peer);
    qmp_run(vm, "cont");
    peer_expect(peer, DEVICE_READ_4, request);
}

/* The handler goes, so that the guest reads 0xaa for ever and nobody waits. */
static void let_go_and_stop(struct qtest *vm, struct peer *peer)
{
    peer_close(peer);
    device_await_released(vm);
    qtest_stop(vm);
}

static bool is_waiting(struct qtest *vm)
{
    g_autoptr(JsonObject) stats = qmp_get_object(vm, "/machine/peripheral/vmmio0", "stats");

    return json_object_has_member(stats, "waiting");
}

/* The statistics tell of the access that waits, soon: Check's time is the limit. */
static void await_waiting(struct qtest *vm)
{
    while (!is_waiting(vm)) {
    }
    g_autoptr(JsonObject) stats = qmp_get_object(vm, "/machine/peripheral/vmmio0", "stats");
    JsonObject *waiting = json_object_get_object_member(stats, "waiting");

    ck_assert_int_eq(json_object_get_int_member(waiting, "address"), DEVICE_BASE);
    ck_assert_int_eq(json_object_get_int_member(waiting, "size"), 4);
    ck_assert(!json_object_get_boolean_member(waiting, "write"));
    ck_assert_int_gt(json_object_get_int_member(waiting, "ns"), 0);
}

START_TEST(qmp_answers_during_an_access)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_waiting_read(&vm, &peer, accelerators[_i], request);
    for (unsigned i = 0; i < 10; i++) {
        qmp_run(&vm, "query-status");
    }
    ck_assert(qmp_get_bool(&vm, "/machine/peripheral/vmmio0", "handler-connected"));
    await_waiting(&vm);
    /* All of that while the guest waits: it has not stored a value yet. */
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS + 4), 0);
    peer_expect_silence(&peer, 0);

    peer_answer(&peer, request, 0x00c0ffee);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS), 0x00c0ffee);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS + 4), 1);
    let_go_and_stop(&vm, &peer);
}
END_TEST

/* An access that is over is not told. */
START_TEST(what_is_answered_waits_no_more)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_waiting_read(&vm, &peer, accelerators[_i], request);
    await_waiting(&vm);
    peer_close(&peer);
    device_await_released(&vm);
    while (is_waiting(&vm)) {
    }
    qtest_stop(&vm);
}
END_TEST

/* The guest's instruction is taken back and made again, but the handler is asked once. */
START_TEST(stop_and_cont_during_an_access)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_waiting_read(&vm, &peer, accelerators[_i], request);
    qmp_run(&vm, "stop");
    qmp_run(&vm, "cont");
    qmp_run(&vm, "stop");
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS + 4), 0);
    qmp_run(&vm, "cont");
    peer_expect_silence(&peer, 0);

    peer_answer(&peer, request, 0x900d);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS), 0x900d);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS + 4), 1);
    let_go_and_stop(&vm, &peer);
}
END_TEST

/* The reply comes while no vCPU waits for it. */
START_TEST(reply_while_stopped)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_waiting_read(&vm, &peer, accelerators[_i], request);
    qmp_run(&vm, "stop");
    peer_answer(&peer, request, 0x900d);
    peer_await_received(&peer);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS + 4), 0);
    qmp_run(&vm, "cont");
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS), 0x900d);
    let_go_and_stop(&vm, &peer);
}
END_TEST

START_TEST(handler_dies_while_stopped)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_waiting_read(&vm, &peer, accelerators[_i], request);
    qmp_run(&vm, "stop");
    peer_close(&peer);
    device_await_released(&vm);
    qmp_run(&vm, "cont");
    guest_await_result(&vm, 0, 0xaaaaaaaa);
    qtest_stop(&vm);
}
END_TEST

/*
 * A command that fails waits for all RCU readers to pass; a device that goes
 * away, for its last user. Both are held up by a vCPU that stays in an access.
 */
START_TEST(device_del_during_an_access)
{
    g_autofree char *machine =
        g_strdup_printf("%s -device qemu-xhci -device usb-net,id=net0", accelerators[_i]);
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_start_reader(&vm, machine, PATIENT);
    device_connect_and_claim(&vm, &peer);
    qmp_run(&vm, "cont");
    peer_expect(&peer, DEVICE_READ_4, request);
    qmp_execute_until_event(
        &vm, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"net0\"}}",
        "DEVICE_DELETED");
    qmp_execute_fails(&vm, "{\"execute\": \"device_add\", \"arguments\": "
                           "{\"driver\": \"usb-net\", \"id\": \"vmmio0\"}}");
    peer_expect_silence(&peer, 0);
    peer_answer(&peer, request, 0x900d);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS), 0x900d);
    let_go_and_stop(&vm, &peer);
}
END_TEST

START_TEST(system_reset_during_an_access)
{
    uint8_t packet[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_waiting_read(&vm, &peer, accelerators[_i], packet);
    qmp_run_until_event(&vm, "system_reset", "RESET");
    /* The aborted read may be followed by another one before the guest stops. */
    do {
        peer_receive(&peer, packet);
    } while (packet[8] == 0x01);
    ck_assert_uint_eq(packet[8], 0xff);
    /* The guest runs from its start again. */
    peer_expect(&peer, DEVICE_READ_4, packet);
    peer_answer(&peer, packet, 0x5eed);
    peer_expect(&peer, DEVICE_READ_4, packet);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS), 0x5eed);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS + 4), 1);
    let_go_and_stop(&vm, &peer);
}
END_TEST

START_TEST(quit_during_an_access)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_waiting_read(&vm, &peer, accelerators[_i], request);
    qmp_run(&vm, "quit");
    ck_assert_int_eq(qtest_wait_exit(&vm), 0);
    peer_expect_closed(&peer);
}
END_TEST

START_TEST(handler_dies_during_an_access)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_waiting_read(&vm, &peer, accelerators[_i], request);
    peer_close(&peer);
    device_await_released(&vm);
    guest_await_result(&vm, 0, 0xaaaaaaaa);
    qtest_stop(&vm);
}
END_TEST

/* Each vCPU reads its own word; the replies come in the other order. */
START_TEST(two_vcpus_wait_at_once)
{
    static const uint32_t program[] = {
        0xd53800a5, /*    mrs  x5, mpidr_el1                */
        0x92401ca5, /*    and  x5, x5, #0xff   number       */
        0xb50000e5, /*    cbnz x5, 1f                       */
        0xd2800060, /*    mov  x0, #0x3                     */
        0xf2b88000, /*    movk x0, #0xc400, lsl #16  CPU_ON */
        0xd2800021, /*    mov  x1, #1          which        */
        0xd2804002, /*    mov  x2, #0x200      entry point  */
        0xd2800003, /*    mov  x3, #0                       */
        0xd4000002, /*    hvc  #0              PSCI         */
        0xd2bfde01, /* 1: mov  x1, #0xfef00000              */
        0x8b050821, /*    add  x1, x1, x5, lsl #2           */
        0xd2a80603, /*    mov  x3, #0x40300000              */
        0x8b050863, /*    add  x3, x3, x5, lsl #2           */
        0xb9400022, /*    ldr  w2, [x1]                     */
        0xb9000062, /*    str  w2, [x3]                     */
        0x14000000, /*    b    .                            */
    };
    uint8_t first[PEER_PACKET], second[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_run(&vm, &peer, "-accel tcg,thread=multi -smp 2", PATIENT,
              program, G_N_ELEMENTS(program));
    peer_receive(&peer, first);
    peer_receive(&peer, second);
    /* Byte 16 is the lowest of the address: 0 or 4. */
    ck_assert_uint_eq(first[16] ^ second[16], 4);
    peer_answer(&peer, second, 0x100 + second[16]);
    peer_answer(&peer, first, 0x100 + first[16]);
    guest_await_result(&vm, 0, 0x100);
    guest_await_result(&vm, 4, 0x104);
    qtest_stop(&vm);
}
END_TEST

/*
 * CPU 0 waits; CPU 1 counts, and each time flushes the TLBs of both, which QEMU
 * does when all vCPUs are out of the guest's code.
 */
START_TEST(other_vcpus_run_on)
{
    static const uint32_t program[] = {
        0xd53800a5, /*    mrs  x5, mpidr_el1                */
        0x92401ca5, /*    and  x5, x5, #0xff   number       */
        0xb5000145, /*    cbnz x5, 1f                       */
        0xd2800060, /*    mov  x0, #0x3                     */
        0xf2b88000, /*    movk x0, #0xc400, lsl #16  CPU_ON */
        0xd2800021, /*    mov  x1, #1          which        */
        0xd2804002, /*    mov  x2, #0x200      entry point  */
        0xd2800003, /*    mov  x3, #0                       */
        0xd4000002, /*    hvc  #0              PSCI         */
        0xd2bfde01, /*    mov  x1, #0xfef00000              */
        0xb9400022, /*    ldr  w2, [x1]                     */
        0x14000000, /*    b    .                            */
        0xd2a80603, /* 1: mov  x3, #0x40300000              */
        0x52800004, /*    mov  w4, #0                       */
        0xd508831f, /* 2: tlbi vmalle1is                    */
        0xd5033b9f, /*    dsb  ish                          */
        0x11000484, /*    add  w4, w4, #1                   */
        0xb9000064, /*    str  w4, [x3]                     */
        0x17fffffc, /*    b    2b                           */
    };
    g_autofree char *machine = g_strdup_printf("%s -smp 2", accelerators[_i]);
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;
    uint64_t count;

    guest_run(&vm, &peer, machine, PATIENT, program, G_N_ELEMENTS(program));
    peer_expect(&peer, DEVICE_READ_4, request);
    count = qtest_read(&vm, 4, GUEST_RESULTS);
    guest_await_at_least(&vm, 0, (uint32_t)count + 100);
    peer_expect_silence(&peer, 0);
    peer_answer(&peer, request, 0);
    count = qtest_read(&vm, 4, GUEST_RESULTS);
    guest_await_at_least(&vm, 0, (uint32_t)count + 100);
    qtest_stop(&vm);
}
END_TEST

/* A 16-byte load is two accesses; the first is complete when the second waits. */
START_TEST(access_of_two_parts_is_made_once)
{
    static const uint32_t program[] = {
        0xd2bfde01, /* mov x1, #0xfef00000 */
        0xd2a80603, /* mov x3, #0x40300000 */
        0xa9401424, /* ldp x4, x5, [x1]    */
        0xa9001464, /* stp x4, x5, [x3]    */
        0x14000000, /* b   .               */
    };
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_run(&vm, &peer, accelerators[_i], PATIENT, program, G_N_ELEMENTS(program));
    peer_receive(&peer, request);
    ck_assert_uint_eq(request[16], 0);
    qmp_run(&vm, "stop");
    qmp_run(&vm, "cont");
    peer_answer(&peer, request, 0x1111);
    peer_receive(&peer, request);
    ck_assert_uint_eq(request[16], 8);
    for (unsigned i = 0; i < 3; i++) {
        qmp_run(&vm, "stop");
        qmp_run(&vm, "cont");
    }
    peer_expect_silence(&peer, 0);
    peer_answer(&peer, request, 0x2222);
    guest_await_result(&vm, 8, 0x2222);
    guest_await_result(&vm, 0, 0x1111);
    peer_expect_silence(&peer, 0);
    qtest_stop(&vm);
}
END_TEST

/* Exclusive accesses to a device run while all other vCPUs are held. */
START_TEST(exclusive_access)
{
    static const uint32_t program[] = {
        0xd2bfde01, /* mov  x1, #0xfef00000 */
        0xd2a80603, /* mov  x3, #0x40300000 */
        0x885f7c24, /* ldxr w4, [x1]        */
        0x11000484, /* add  w4, w4, #1      */
        0x88057c24, /* stxr w5, w4, [x1]    */
        0xb9000064, /* str  w4, [x3]        */
        0x14000000, /* b    .               */
    };
    g_autofree char *machine = g_strdup_printf("%s -smp 2", accelerators[_i]);
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_run(&vm, &peer, machine, PATIENT, program, G_N_ELEMENTS(program));
    peer_expect(&peer, DEVICE_READ_4, request);
    qmp_run(&vm, "query-status");
    peer_expect_silence(&peer, 20);
    peer_answer(&peer, request, 0x41);
    peer_receive(&peer, request);
    /* The store-exclusive compares before it stores. */
    ck_assert_uint_eq(request[8], 0x01);
    peer_answer(&peer, request, 0x41);
    peer_receive(&peer, request);
    ck_assert_uint_eq(request[8], 0x05);
    ck_assert_uint_eq(request[24], 0x42);
    peer_expect_silence(&peer, 20);
    peer_send(&peer, request, sizeof(request));
    guest_await_result(&vm, 0, 0x42);
    peer_expect_silence(&peer, 0);
    qtest_stop(&vm);
}
END_TEST

/* The guest's access, answered with an error, is an exception of this syndrome (ESR_EL1). */
static void check_bus_error(struct qtest *vm, uint32_t syndrome)
{
    uint8_t request[PEER_PACKET];
    struct peer peer;

    device_connect_and_claim(vm, &peer);
    qmp_run(vm, "cont");
    peer_receive(&peer, request);
    peer_set_error(request);
    peer_send(&peer, request, sizeof(request));
    guest_await_result(vm, 0, syndrome);
    qtest_stop(vm);
}

#define WRITE_ABORT (GUEST_READ_ABORT | 0x40) /* WnR */

START_TEST(read_error_is_a_bus_error)
{
    struct qtest vm;

    guest_start_aborting_reader(&vm, "-accel tcg", PATIENT);
    check_bus_error(&vm, GUEST_READ_ABORT);
}
END_TEST

START_TEST(write_error_is_a_bus_error)
{
    static const uint32_t program[] = {
        0xd5385205, /*    mrs  x5, esr_el1     0 at first, else this is the exception */
        0xd2a80603, /*    mov  x3, #0x40300000 */
        0xb5000085, /*    cbnz x5, 1f          */
        0xd2bfde01, /*    mov  x1, #0xfef00000 */
        0xb9000025, /*    str  w5, [x1]        */
        0x14000000, /*    b    .               */
        0xb9000065, /* 1: str  w5, [x3]        */
        0x14000000, /*    b    .               */
    };
    struct qtest vm;

    guest_start(&vm, "-accel tcg", PATIENT, program, G_N_ELEMENTS(program));
    check_bus_error(&vm, WRITE_ABORT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vcpu");
    TCase *waits = tcase_create("waits");
    TCase *others = tcase_create("others");
    const int n = G_N_ELEMENTS(accelerators);

    tcase_set_timeout(waits, DEVICE_TEST_SECONDS);
    tcase_add_loop_test(waits, qmp_answers_during_an_access, 0, n);
    tcase_add_loop_test(waits, what_is_answered_waits_no_more, 0, n);
    tcase_add_loop_test(waits, stop_and_cont_during_an_access, 0, n);
    tcase_add_loop_test(waits, reply_while_stopped, 0, n);
    tcase_add_loop_test(waits, handler_dies_while_stopped, 0, n);
    tcase_add_loop_test(waits, device_del_during_an_access, 0, n);
    tcase_add_loop_test(waits, other_vcpus_run_on, 0, n);
    tcase_add_loop_test(waits, access_of_two_parts_is_made_once, 0, n);
    tcase_add_loop_test(waits, exclusive_access, 0, n);
    tcase_add_loop_test(waits, system_reset_during_an_access, 0, n);
    tcase_add_loop_test(waits, quit_during_an_access, 0, n);
    tcase_add_loop_test(waits, handler_dies_during_an_access, 0, n);
    suite_add_tcase(suite, waits);
    tcase_set_timeout(others, DEVICE_TEST_SECONDS);
    tcase_add_test(others, two_vcpus_wait_at_once);
    tcase_add_test(others, read_error_is_a_bus_error);
    tcase_add_test(others, write_error_is_a_bus_error);
    suite_add_tcase(suite, others);
    return tap_run(suite);
}
