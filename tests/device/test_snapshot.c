/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM is saved to a file and goes on in another QEMU, where no handler is connected yet. */
#include "dma_request.h"
#include "guest.h"
#include "snapshot.h"

#include <unistd.h>

#define RAISE_LINE_0 "00 00 00 80 00 00 00 00  41 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  01"

START_TEST(goes_on_unclaimed_and_can_be_claimed)
{
    g_autofree char *path = snapshot_path();
    g_autofree char *incoming = g_strdup_printf("-accel tcg -incoming file:%s", path);
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_start_reader(&vm, "-accel tcg", "");
    device_connect_and_claim(&vm, &peer);
    peer_close(&peer);
    device_await_released(&vm);
    qmp_run(&vm, "cont");
    guest_await_result(&vm, 0, 0xaaaaaaaa);
    snapshot_save_and_quit(&vm, path);

    guest_start_reader(&vm, incoming, "");
    qmp_run(&vm, "cont");
    snapshot_await_running(&vm);
    device_connect_and_claim(&vm, &peer);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS), 0xaaaaaaaa);
    peer_answer(&peer, request, 0x600d);
    peer_expect(&peer, DEVICE_READ_4, request);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS), 0x600d);
    peer_close(&peer);
    device_await_released(&vm);
    qtest_stop(&vm);
    unlink(path);
}
END_TEST

/* In the new QEMU an access before the first claim reads 0xaa: the error is the old one's. */
START_TEST(access_under_way_is_finished_by_policy)
{
    g_autofree char *path = snapshot_path();
    g_autofree char *incoming = g_strdup_printf("-accel tcg -incoming file:%s", path);
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_start_aborting_reader(&vm, "-accel tcg", "timeout-ms=0,on-disconnect=error");
    device_connect_and_claim(&vm, &peer);
    qmp_run(&vm, "cont");
    peer_receive(&peer, request);
    snapshot_save_and_quit(&vm, path);

    guest_start_aborting_reader(&vm, incoming, "on-disconnect=error");
    qmp_run(&vm, "cont");
    guest_await_result(&vm, 0, GUEST_READ_ABORT);
    qtest_stop(&vm);
    unlink(path);
}
END_TEST

/* GICD_ISPENDR6 of the GIC: bit 17 is SPI 177. */
#define PENDING UINT64_C(0x08000218)
#define SPI_177 (1u << 17)

static gboolean line_is_high(struct qtest *vm)
{
    return (qtest_read(vm, 4, PENDING) & SPI_177) != 0;
}

static void raise_line(struct qtest *vm, struct peer *peer)
{
    peer_send_text(peer, RAISE_LINE_0);
    while (!line_is_high(vm)) {
        g_usleep(1000);
    }
}

/* The old handler's line was high; a new one takes it to be low. */
START_TEST(lines_are_low)
{
    g_autofree char *path = snapshot_path();
    g_autofree char *incoming = g_strdup_printf("-accel tcg -incoming file:%s", path);
    struct qtest vm;
    struct peer peer;

    guest_start_reader(&vm, "-accel tcg", "irq=177");
    device_connect_and_claim(&vm, &peer);
    ck_assert(!line_is_high(&vm));
    raise_line(&vm, &peer);
    qmp_run_until_event(&vm, "cont", "RESUME");
    snapshot_save_and_quit(&vm, path);

    guest_start_reader(&vm, incoming, "irq=177");
    qmp_run(&vm, "cont");
    snapshot_await_running(&vm);
    ck_assert(!line_is_high(&vm));
    qtest_stop(&vm);
    unlink(path);
}
END_TEST

/* What is loaded does not know of a handler that has claimed before, and clients repeat no level. */
START_TEST(early_handler_keeps_its_line)
{
    g_autofree char *path = snapshot_path();
    struct qtest vm;
    struct peer peer;

    guest_start_reader(&vm, "-accel tcg", "irq=177");
    qmp_run_until_event(&vm, "cont", "RESUME");
    snapshot_save_and_quit(&vm, path);

    guest_start_reader(&vm, "-accel tcg -incoming defer", "irq=177,timeout-ms=1");
    device_connect_and_claim(&vm, &peer);
    raise_line(&vm, &peer);
    snapshot_migrate(&vm, "migrate-incoming", path);
    qmp_run(&vm, "cont");
    snapshot_await_running(&vm);
    ck_assert(line_is_high(&vm));
    peer_close(&peer);
    device_await_released(&vm);
    qtest_stop(&vm);
    unlink(path);
}
END_TEST

/* What a client wrote to a saved VM would be acknowledged and lost. */
START_TEST(saved_vm_refuses_dma)
{
    g_autofree char *path = snapshot_path();
    uint8_t write[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    guest_start_reader(&vm, "-accel tcg", "");
    device_connect(&vm, "vmmio0", &peer);
    qmp_run_until_event(&vm, "cont", "RESUME");
    dma_make_write(write, 8, DMA_RAM + 0x100000);
    dma_expect_unchanged(&peer, write);
    snapshot_migrate(&vm, "migrate", path);
    dma_expect_error(&peer, write);
    qmp_run(&vm, "cont");
    snapshot_await_running(&vm);
    dma_expect_unchanged(&peer, write);
    peer_close(&peer);
    qtest_stop(&vm);
    unlink(path);
}
END_TEST

/* A VM whose device is elsewhere cannot take the file. */
START_TEST(another_address_is_refused)
{
    g_autofree char *path = snapshot_path();
    g_autofree char *incoming = g_strdup_printf("-accel tcg -incoming file:%s", path);
    struct qtest vm;

    guest_start_reader(&vm, "-accel tcg", "");
    qmp_run_until_event(&vm, "cont", "RESUME");
    snapshot_save_and_quit(&vm, path);

    guest_start_reader(&vm, incoming, "start=0xfef10000");
    ck_assert_int_eq(qtest_wait_exit(&vm), 1);
    qtest_await_stderr(&vm, "the vmmio device begins elsewhere");
    unlink(path);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("snapshot", goes_on_unclaimed_and_can_be_claimed,
                      access_under_way_is_finished_by_policy, lines_are_low,
                      early_handler_keeps_its_line, saved_vm_refuses_dma,
                      another_address_is_refused);
}
