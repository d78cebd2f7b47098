/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA calls that wait: cut into requests, from inside callbacks, refused, cut off. */
#include "dma_vm.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static uint8_t bytes[256 * 1024];

static void start(void)
{
    context_start();
    dma_vm = (struct dma_vm){ .hold = 0 };
    memset(bytes, 0, sizeof(bytes));
    for (unsigned i = 0; i < DMA_VM_SIZE; i++) {
        dma_vm.memory[i] = (uint8_t)(i * 7 + i / 256);
    }
}

static int read_at(uint64_t offset, size_t len)
{
    return coreio_ctx_dma_read(context.ctx, 0, 0, DMA_VM_START + offset, len, bytes, 0, NULL, NULL);
}

static int write_at(uint64_t offset, size_t len)
{
    return coreio_ctx_dma_write(context.ctx, 0, 0, DMA_VM_START + offset, len, bytes, 0, NULL,
                                NULL);
}

/* The DMA connection ends with the context's; the VM's thread is joined then. */
static void finish(void)
{
    coreio_ctx_disconnect(context.ctx);
    dma_vm_stop();
    ck_assert(!dma_vm.crossed);
}

/* Where requests may begin and end: offset, length, and the requests that it takes. */
static const struct {
    unsigned offset, len, requests;
} cuts[] = {
    { 0, 1, 1 },   { 31, 1, 1 },  { 31, 2, 2 },   { 0, 32, 1 },    { 0, 33, 2 },
    { 1, 32, 2 },  { 5, 27, 1 },  { 5, 28, 2 },   { 30, 100, 5 },  { 7, 4096, 129 },
    { 0, 32768, 1024 },           { 3, 32800, 1026 },
};

START_TEST(reads_are_cut_at_boundaries)
{
    dma_vm_start();
    ck_assert_int_eq(read_at(cuts[_i].offset, cuts[_i].len), 0);
    ck_assert_mem_eq(bytes, dma_vm.memory + cuts[_i].offset, cuts[_i].len);
    ck_assert_uint_eq(bytes[cuts[_i].len], 0);
    finish();
    ck_assert_uint_eq(dma_vm.requests, cuts[_i].requests);
}
END_TEST

START_TEST(writes_are_cut_at_boundaries)
{
    static uint8_t expected[DMA_VM_SIZE];

    memset(bytes, 0x5c, sizeof(bytes));
    memcpy(expected, dma_vm.memory, sizeof(expected));
    memset(expected + cuts[_i].offset, 0x5c, cuts[_i].len);
    dma_vm_start();
    ck_assert_int_eq(write_at(cuts[_i].offset, cuts[_i].len), 0);
    finish();
    ck_assert_mem_eq(dma_vm.memory, expected, sizeof(expected));
    ck_assert_uint_eq(dma_vm.requests, cuts[_i].requests);
}
END_TEST

START_TEST(nothing_is_nothing)
{
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, UINT64_MAX, 0, NULL, 0, NULL, NULL),
                     0);
}
END_TEST

/* The VM answers none before it has all 1024, and then from the last to the first. */
START_TEST(as_many_outstanding_as_may_be)
{
    dma_vm.hold = 1024;
    dma_vm.backwards = _i;
    dma_vm_start();
    ck_assert_int_eq(read_at(0, sizeof(bytes)), 0);
    ck_assert_mem_eq(bytes, dma_vm.memory, sizeof(bytes));
    finish();
}
END_TEST

static void copy_memory(void)
{
    ck_assert_int_eq(read_at(0, 1000), 0);
    ck_assert_int_eq(write_at(100000, 1000), 0);
}

START_TEST(inside_a_callback)
{
    dma_vm_start();
    session.during = copy_memory;
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
    finish();
    ck_assert_mem_eq(dma_vm.memory + 100000, dma_vm.memory, 1000);
}
END_TEST

START_TEST(with_spinning)
{
    coreio_ctx_set_spin(context.ctx, 200);
    dma_vm_start();
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(read_at(i, 64), 0);
        ck_assert_mem_eq(bytes, dma_vm.memory + i, 64);
    }
    finish();
}
END_TEST

START_TEST(refused)
{
    dma_vm_start();
    ck_assert_int_eq(write_at(DMA_VM_SIZE - 32, 64), -EFAULT);
    ck_assert_int_eq(read_at(DMA_VM_SIZE, 1), -EFAULT);
    /* The last byte there is. */
    ck_assert_int_eq(read_at(UINT64_MAX - DMA_VM_START, 1), -EFAULT);
    ck_assert_int_eq(read_at(DMA_VM_SIZE, sizeof(bytes)), -EFAULT);
    ck_assert_int_eq(read_at(0, 64), 0);
    ck_assert_mem_eq(bytes, dma_vm.memory, 64);
    finish();
}
END_TEST

/* The VM closes the DMA connection alone, at the first, a middle and the last request. */
START_TEST(cut_off)
{
    static const unsigned at[] = { 1, 100, 2000 };

    dma_vm.hang_up = at[_i];
    dma_vm_start();
    ck_assert_int_eq(read_at(0, 64000), -ECONNRESET);
    dma_vm_stop();
    ck_assert_int_eq(coreio_ctx_status(context.ctx), 0);
    dma_vm.hang_up = 0;
    dma_vm_start();
    ck_assert_int_eq(read_at(0, 64), 0);
    ck_assert_mem_eq(bytes, dma_vm.memory, 64);
    context_settle();
    finish();
}
END_TEST

START_TEST(no_second_connection)
{
    coreio_ctx_disconnect(context.ctx);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    context_accept();
    close(session.vm.listener);
    session.vm.listener = -1;
    ck_assert_int_eq(read_at(0, 64), -ECONNREFUSED);
    context_settle();
}
END_TEST

int main(void)
{
    const int n_cuts = sizeof(cuts) / sizeof(cuts[0]);
    TCase *tcase;
    Suite *suite = context_suite("dma_blocking", false, &tcase);

    tcase_add_checked_fixture(tcase, start, context_end);
    tcase_add_loop_test(tcase, reads_are_cut_at_boundaries, 0, n_cuts);
    tcase_add_loop_test(tcase, writes_are_cut_at_boundaries, 0, n_cuts);
    tcase_add_test(tcase, nothing_is_nothing);
    tcase_add_loop_test(tcase, as_many_outstanding_as_may_be, 0, 2);
    tcase_add_test(tcase, inside_a_callback);
    tcase_add_test(tcase, with_spinning);
    tcase_add_test(tcase, refused);
    tcase_add_loop_test(tcase, cut_off, 0, 3);
    tcase_add_test(tcase, no_second_connection);
    return tap_run(suite);
}
