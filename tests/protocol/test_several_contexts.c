/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several VMs in one program: in one thread, and a thread each. Nothing is shared. */
#include "context.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define CONTEXTS 8
#define REQUESTS 200

static struct machine {
    coreio_ctx *ctx;
    struct fake_vm vm;
    pthread_t thread;
    unsigned calls;
    uint8_t first; /* what its reads give */
    int result;
} machines[CONTEXTS];

static int on_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    struct machine *machine = priv;

    (void)addr, (void)flags;
    memset(buf, machine->first, len);
    machine->calls++;
    return 0;
}

static void serve_all(void)
{
    for (unsigned i = 0; i < CONTEXTS; i++) {
        coreio_ctx_dispatch(machines[i].ctx);
    }
}

static void start_machine(struct machine *machine, void (*idle)(void))
{
    static const coreio_func_t func = { .read = on_read };

    *machine = (struct machine){ .ctx = coreio_ctx_new(), .first = (uint8_t)(machine - machines) };
    fake_vm_bind(&machine->vm, idle);
    fake_vm_listen(&machine->vm);
    ck_assert_int_eq(coreio_ctx_register(machine->ctx, 0, &func, machine), 0);
    ck_assert_int_eq(coreio_ctx_connect(machine->ctx, machine->vm.target), 0);
}

static void stop_machine(struct machine *machine)
{
    ck_assert_int_eq(coreio_ctx_free(machine->ctx), 0);
    fake_vm_stop(&machine->vm);
}

/* Ask for 32 bytes, and get the machine's own. */
static void ask(struct machine *machine)
{
    uint8_t reply[64], expected[32];

    memset(expected, machine->first, sizeof(expected));
    fake_vm_send_vector(&machine->vm, "read-32-fetch");
    fake_vm_receive(&machine->vm, reply, sizeof(reply));
    ck_assert_mem_eq(reply + 24, expected, sizeof(expected));
}

START_TEST(in_one_thread)
{
    for (unsigned i = 0; i < CONTEXTS; i++) {
        start_machine(&machines[i], NULL);
        fake_vm_accept(&machines[i].vm);
        fake_vm_expect_vector(&machines[i].vm, "claim-0");
        machines[i].vm.idle = serve_all;
    }
    for (unsigned n = 0; n < REQUESTS; n++) {
        ask(&machines[n * 5 % CONTEXTS]);
    }
    for (unsigned i = 0; i < CONTEXTS; i++) {
        ck_assert_uint_eq(machines[i].calls, REQUESTS / CONTEXTS);
        stop_machine(&machines[i]);
    }
}
END_TEST

static void *run(void *arg)
{
    struct machine *machine = arg;

    machine->result = coreio_ctx_run(machine->ctx, -1);
    return NULL;
}

START_TEST(a_thread_each)
{
    for (unsigned i = 0; i < CONTEXTS; i++) {
        struct machine *machine = &machines[i];

        start_machine(machine, NULL);
        fake_vm_accept(&machine->vm);
        fake_vm_expect_vector(&machine->vm, "claim-0");
        ck_assert_int_eq(pthread_create(&machine->thread, NULL, run, machine), 0);
    }
    for (unsigned n = 0; n < REQUESTS; n++) {
        ask(&machines[n * 5 % CONTEXTS]);
    }
    for (unsigned i = 0; i < CONTEXTS; i++) {
        fake_vm_hang_up(&machines[i].vm);
        ck_assert_int_eq(pthread_join(machines[i].thread, NULL), 0);
        ck_assert_int_eq(machines[i].result, -ECONNRESET);
        ck_assert_uint_eq(machines[i].calls, REQUESTS / CONTEXTS);
        stop_machine(&machines[i]);
    }
}
END_TEST

/* The context of coreio.h is one more. */
START_TEST(beside_the_compatible_calls)
{
    start_machine(&machines[0], NULL);
    fake_vm_accept(&machines[0].vm);
    session_start();
    session_settle();
    fake_vm_hang_up(&machines[0].vm);
    ck_assert_int_eq(coreio_ctx_run(machines[0].ctx, -1), -ECONNRESET);
    session_settle();
    stop_machine(&machines[0]);
    session_end();
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("several_contexts", false, &tcase);

    tcase_add_test(tcase, in_one_thread);
    tcase_add_test(tcase, a_thread_each);
    tcase_add_test(tcase, beside_the_compatible_calls);
    return tap_run(suite);
}
