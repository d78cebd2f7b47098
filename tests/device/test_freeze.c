/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A handler that fails in the middle of an access freezes nothing: not QMP, not
 * the other vCPUs, and the guest goes on when there is a handler again.
 */
#include "guest.h"
#include "handler.h"
#include "tap.h"

#include <stdio.h>

/* Over twice the time that an access may take. */
#define QUERIES 50
#define QUERY_PAUSE_US 4000
#define ENDLESS UINT32_MAX
/* Of the counter. With one thread for all vCPUs some 30 in a second, while the readers wait. */
#define ROUNDS 20

static const char *const fault_names[] = {
    [HANDLER_KILLED] = "killed",
    [HANDLER_STOPPED] = "stopped",
    [HANDLER_CUT_OFF] = "cut off",
};

static const char *const policies[] = { "fill", "error", "wait" };

/* Every fault with every policy, in each of these machines. */
static const struct machine {
    const char *arguments;
    unsigned readers; /* vCPUs that read the range */
    bool counter;     /* one more that only counts */
} machines[] = {
    { "-accel tcg,thread=single", 1, false },
    { "-accel tcg,thread=multi", 1, false },
    { "-accel tcg,thread=single -smp 4", 3, true },
    { "-accel tcg,thread=multi -smp 4", 3, true },
};

#define CASES (G_N_ELEMENTS(fault_names) * G_N_ELEMENTS(policies) * G_N_ELEMENTS(machines))

/* Each vCPU's results, 16 bytes apart: the value read, a count, the syndrome of an exception. */
#define VALUE(vcpu) ((vcpu)*16)
#define COUNT(vcpu) ((vcpu)*16 + 4)
#define SYNDROME(vcpu) ((vcpu)*16 + 8)
#define COUNTER 3

/*
 * A bus error begins it again. Flushing all TLBs takes every vCPU out of its code for a moment, as
 * timer interrupts do in a real guest: QEMU's device_del waits for that, vmmio or not.
 */
static const uint32_t program[] = {
    0xd508831f, /*    tlbi vmalle1is                    */
    0xd5033b9f, /*    dsb  ish                          */
    0xd53800a5, /*    mrs  x5, mpidr_el1                */
    0x92401ca5, /*    and  x5, x5, #0xff   number       */
    0xd2a80609, /*    mov  x9, #0x40300000              */
    0x8b051129, /*    add  x9, x9, x5, lsl #4           */
    0xd5385207, /*    mrs  x7, esr_el1                  */
    0xb9000927, /*    str  w7, [x9, #8]    syndrome     */
    0xb5000165, /*    cbnz x5, 2f                       */
    0xd2800026, /*    mov  x6, #1                       */
    0xd2800060, /* 1: mov  x0, #0x3                     */
    0xf2b88000, /*    movk x0, #0xc400, lsl #16  CPU_ON */
    0xaa0603e1, /*    mov  x1, x6          which        */
    0xd2804002, /*    mov  x2, #0x200      entry point  */
    0xd2800003, /*    mov  x3, #0                       */
    0xd4000002, /*    hvc  #0              PSCI         */
    0x910004c6, /*    add  x6, x6, #1                   */
    0xf1000cdf, /*    cmp  x6, #3                       */
    0x54ffff09, /*    b.ls 1b                           */
    0xd2bfde08, /* 2: mov  x8, #0xfef00000              */
    0xd508831f, /* 3: tlbi vmalle1is                    */
    0xd5033b9f, /*    dsb  ish                          */
    0xf1000cbf, /*    cmp  x5, #3                       */
    0x54000060, /*    b.eq 4f                           */
    0xb9400102, /*    ldr  w2, [x8]                     */
    0xb9000122, /*    str  w2, [x9]        value        */
    0xb9400524, /* 4: ldr  w4, [x9, #4]                 */
    0x11000484, /*    add  w4, w4, #1                   */
    0xb9000524, /*    str  w4, [x9, #4]    count        */
    0x17fffff7, /*    b    3b                           */
};

struct freeze {
    struct qtest vm;
    const struct machine *machine;
    const char *policy;
    HandlerFault fault;
    char *endpoint;
    uint32_t counts[COUNTER]; /* of the readers, when the handler had failed */
};

static void start(struct freeze *f, unsigned number)
{
    g_autofree char *arguments = NULL;
    g_autofree char *properties = NULL;

    f->fault = number % G_N_ELEMENTS(fault_names);
    f->policy = policies[number / G_N_ELEMENTS(fault_names) % G_N_ELEMENTS(policies)];
    f->machine = &machines[number / G_N_ELEMENTS(fault_names) / G_N_ELEMENTS(policies)];
    arguments = g_strdup_printf("%s -device qemu-xhci -device usb-net,id=net0",
                                f->machine->arguments);
    properties = g_strdup_printf("ping-ms=0,timeout-ms=100,on-timeout=%s,on-disconnect=%s",
                                 f->policy, f->policy);
    guest_start(&f->vm, arguments, properties, program, G_N_ELEMENTS(program));
    f->endpoint = qmp_get_string(&f->vm, "/machine/peripheral/vmmio0", "endpoint");
}

static uint32_t result(struct freeze *f, unsigned offset)
{
    return (uint32_t)qtest_read(&f->vm, 4, GUEST_RESULTS + offset);
}

/* The handler has failed in an access; the other readers are in one, or soon will be. */
static pid_t start_and_fail(struct freeze *f, uint32_t value)
{
    pid_t handler = handler_start(f->endpoint, value, 20, f->fault);

    handler_await_fault(handler, f->fault);
    return handler;
}

static int compare(const void *a, const void *b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return (x > y) - (x < y);
}

/* The bound is for a loaded machine; what is wanted is told by `make bench`. */
static void check_qmp_answers(struct freeze *f)
{
    gint64 us[QUERIES];

    for (unsigned i = 0; i < QUERIES; i++) {
        gint64 begin = g_get_monotonic_time();

        qmp_run(&f->vm, "query-status");
        us[i] = g_get_monotonic_time() - begin;
        g_usleep(QUERY_PAUSE_US);
    }
    qsort(us, QUERIES, sizeof(us[0]), compare);
    printf("# %s, on-*=%s, %s: QMP answers in %" PRId64 "/%" PRId64 "/%" PRId64
           " us (min/median/max)\n", fault_names[f->fault], f->policy, f->machine->arguments,
           us[0], us[QUERIES / 2], us[QUERIES - 1]);
    fflush(stdout);
    ck_assert_int_lt(us[QUERIES - 1], 2 * G_TIME_SPAN_SECOND);
}

/* What reads bring now. A read whose answer was on the way when the handler failed may be done. */
static void check_policy(struct freeze *f)
{
    for (unsigned vcpu = 0; vcpu < f->machine->readers; vcpu++) {
        if (g_str_equal(f->policy, "fill")) {
            guest_await_result(&f->vm, VALUE(vcpu), 0xaaaaaaaa);
        } else if (g_str_equal(f->policy, "error")) {
            guest_await_result(&f->vm, SYNDROME(vcpu), GUEST_READ_ABORT);
        } else {
            ck_assert_uint_le(result(f, COUNT(vcpu)), f->counts[vcpu] + 1);
        }
    }
}

/* One round may be under way already: it is the next ones that count. */
static void check_counter_counts(struct freeze *f)
{
    if (f->machine->counter) {
        guest_await_at_least(&f->vm, COUNT(COUNTER), result(f, COUNT(COUNTER)) + ROUNDS);
    }
}

static void check_status(struct freeze *f, const char *expected)
{
    g_autofree char *status = qmp_query_status(&f->vm, "query-status");

    ck_assert_str_eq(status, expected);
}

static void check_commands_work(struct freeze *f)
{
    qmp_run(&f->vm, "stop");
    check_status(f, "paused");
    qmp_run(&f->vm, "cont");
    check_status(f, "running");
    qmp_execute_until_event(&f->vm,
                            "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"net0\"}}",
                            "DEVICE_DELETED");
    check_policy(f);
    qmp_run_until_event(&f->vm, "system_reset", "RESET");
}

/* Every reader gets what a new handler answers. */
static void check_goes_on(struct freeze *f)
{
    pid_t handler = handler_start(f->endpoint, 0x600df00d, ENDLESS, f->fault);

    for (unsigned vcpu = 0; vcpu < f->machine->readers; vcpu++) {
        guest_await_result(&f->vm, VALUE(vcpu), 0x600df00d);
    }
    check_counter_counts(f);
    handler_end(handler);
}

static void check_quit_works(struct freeze *f)
{
    pid_t handler = start_and_fail(f, 2);

    qmp_run(&f->vm, "quit");
    ck_assert_int_eq(qtest_wait_exit(&f->vm), 0);
    handler_end(handler);
}

START_TEST(nothing_freezes)
{
    struct freeze f;
    pid_t handler;

    start(&f, (unsigned)_i);
    qmp_run(&f.vm, "cont");
    handler = start_and_fail(&f, 1);
    for (unsigned vcpu = 0; vcpu < f.machine->readers; vcpu++) {
        f.counts[vcpu] = result(&f, COUNT(vcpu));
    }
    check_qmp_answers(&f);
    check_counter_counts(&f);
    check_policy(&f);
    check_commands_work(&f);
    check_qmp_answers(&f);
    check_counter_counts(&f);
    check_goes_on(&f);
    check_quit_works(&f);
    handler_end(handler);
    g_free(f.endpoint);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("freeze");
    TCase *tcase = tcase_create("freeze");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_loop_test(tcase, nothing_freezes, 0, CASES);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
