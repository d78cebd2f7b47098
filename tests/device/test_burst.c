/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client sends right after a burst of accesses, when no access comes to take it. */
#include "dma_request.h"
#include "guest.h"

#include <errno.h>
#include <string.h>

#define BURST_SECONDS 60

/* Reads 0xfef00000 until it is not 0, and never again. */
static const uint32_t program[] = {
    0xd2a80603, /*    mov  x3, #0x40300000 */
    0xd2bfde01, /*    mov  x1, #0xfef00000 */
    0xb9400022, /* 1: ldr  w2, [x1]        */
    0x34ffffe2, /*    cbz  w2, 1b          */
    0xb9000062, /*    str  w2, [x3]        */
    0x14000000, /*    b    .               */
};

/* As peer_receive(), but it never sleeps. */
static void receive_awake(struct peer *peer, uint8_t packet[PEER_PACKET], gint64 end)
{
    size_t got = 0;

    while (got < PEER_PACKET) {
        ssize_t n = peer->transport->recv(peer, packet + got, PEER_PACKET - got);

        ck_assert(n > 0 || (n < 0 && errno == EAGAIN));
        ck_assert_msg(g_get_monotonic_time() < end, "no access, or never 64 within 50 us each");
        got += MAX(n, 0);
    }
}

static bool has_traced(const struct qtest *vm, const char *text)
{
    g_autofree char *log = qtest_stderr(vm);

    return strstr(log, text);
}

/* Answer 0 until the device finds itself in a burst, then 1: the guest's last access. */
static void make_burst(struct qtest *vm, struct peer *peer)
{
    gint64 end = g_get_monotonic_time() + BURST_SECONDS * G_TIME_SPAN_SECOND;
    uint8_t packet[PEER_PACKET];

    guest_start(vm, "-accel tcg -trace enable=vmmio_burst", "poll-us=1000,timeout-ms=0",
                program, G_N_ELEMENTS(program));
    device_connect_and_claim(vm, peer);
    qmp_run(vm, "cont");
    do {
        for (unsigned i = 0; i < 1000; i++) {
            receive_awake(peer, packet, end);
            peer_answer(peer, packet, 0);
        }
    } while (!has_traced(vm, " begins=1"));
    for (unsigned i = 0; i < 1000; i++) { /* the look at the log may have ended that one */
        receive_awake(peer, packet, end);
        peer_answer(peer, packet, i == 999);
    }
}

START_TEST(dma_is_served)
{
    struct qtest vm;
    struct peer peer;

    make_burst(&vm, &peer);
    dma_expect_written(&peer, 4, DMA_RAM);
    guest_await_result(&vm, 0, 1);
    dma_expect_written(&peer, 4, DMA_RAM);
    qtest_stop(&vm);
}
END_TEST

START_TEST(end_of_connection_is_noticed)
{
    struct qtest vm;
    struct peer peer;

    make_burst(&vm, &peer);
    peer_close(&peer);
    device_await_released(&vm);
    ck_assert(has_traced(&vm, " begins=0"));
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("burst", dma_is_served, end_of_connection_is_noticed);
}
