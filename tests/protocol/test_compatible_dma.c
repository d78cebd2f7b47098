/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA by the calls of coreio.h, in the main loop and in a select() loop. */
#include "context.h"
#include "dma_vm.h"

#include <errno.h>
#include <string.h>
#include <sys/select.h>

static uint8_t bytes[1000];
static struct completion done;

static void start(void)
{
    session_start();
    dma_vm = (struct dma_vm){ .hold = 0 };
    memset(dma_vm.memory, 0x5c, sizeof(dma_vm.memory));
    dma_vm_start();
    done = (struct completion){ 0 };
}

static void finish(void)
{
    coreio_disconnect();
    dma_vm_stop();
    session_end();
}

START_TEST(blocking)
{
    memset(bytes, 0xc5, sizeof(bytes));
    ck_assert_int_eq(coreio_dma_write(0, 0, DMA_VM_START + 5, 10, bytes, 0, NULL, NULL), 0);
    ck_assert_int_eq(coreio_dma_read(0, 0, DMA_VM_START, sizeof(bytes), bytes, 0, NULL, NULL), 0);
    ck_assert_mem_eq(bytes, dma_vm.memory, sizeof(bytes));
    ck_assert_uint_eq(bytes[4], 0x5c);
    ck_assert_uint_eq(bytes[5], 0xc5);
    ck_assert_int_eq(coreio_dma_read(0, 0, 0, 1, bytes, 0, NULL, NULL), -EFAULT);
}
END_TEST

START_TEST(asynchronous_in_the_main_loop)
{
    ck_assert_int_eq(coreio_dma_read(0, 0, DMA_VM_START, sizeof(bytes), bytes, 0, complete, &done),
                     0);
    for (unsigned i = 0; i < 10000 && done.calls == 0; i++) {
        ck_assert_int_eq(coreio_mainloop(1000), 0);
    }
    ck_assert_uint_eq(done.calls, 1);
    ck_assert_int_eq(done.err, 0);
    ck_assert_mem_eq(bytes, dma_vm.memory, sizeof(bytes));
}
END_TEST

/* Every turn of the loop is woken by the sets alone. */
static void turn(void)
{
    struct timeval limit = { .tv_sec = 10 };
    fd_set readable, writable;
    int nfds;

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    nfds = coreio_preparefds(0, &readable, &writable);
    ck_assert_int_gt(nfds, 0);
    ck_assert_int_gt(select(nfds, &readable, &writable, NULL, &limit), 0);
    ck_assert_int_eq(coreio_processfds(&readable, &writable), 0);
}

START_TEST(asynchronous_in_a_select_loop)
{
    ck_assert_int_eq(coreio_dma_read(0, 0, DMA_VM_START, sizeof(bytes), bytes, 0, complete, &done),
                     0);
    while (done.calls == 0) {
        turn();
    }
    ck_assert_mem_eq(bytes, dma_vm.memory, sizeof(bytes));
    done.calls = 0;
    ck_assert_int_eq(coreio_dma_write(0, 0, DMA_VM_START, 0, NULL, 0, complete, &done), 0);
    while (done.calls == 0) {
        turn();
    }
    ck_assert_int_eq(done.err, 0);
}
END_TEST

START_TEST(disconnect_cancels)
{
    ck_assert_int_eq(coreio_dma_read(0, 0, DMA_VM_START, sizeof(bytes), bytes, 0, complete, &done),
                     0);
    coreio_disconnect();
    ck_assert_uint_eq(done.calls, 1);
    ck_assert_int_eq(done.err, -ECANCELED);
    coreio_disconnect();
    ck_assert_uint_eq(done.calls, 1);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = context_suite("compatible_dma", false, &tcase);

    tcase_add_checked_fixture(tcase, start, finish);
    tcase_add_test(tcase, blocking);
    tcase_add_test(tcase, asynchronous_in_the_main_loop);
    tcase_add_test(tcase, asynchronous_in_a_select_loop);
    tcase_add_test(tcase, disconnect_cancels);
    return tap_run(suite);
}
