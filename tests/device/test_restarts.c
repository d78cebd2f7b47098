/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A handler that comes and goes 10,000 times while the guest reads on and on. */
#include "guest.h"

#define RESTARTS 10000

/* Connects, claims, answers one read and leaves in the middle of the next. */
static void serve_once(const char *endpoint, uint32_t value)
{
    uint8_t request[PEER_PACKET];
    struct peer peer;

    peer_connect(&peer, endpoint);
    peer_send_text(&peer, DEVICE_CLAIM_0);
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_answer(&peer, request, value);
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_close(&peer);
}

/* Every read of the guest is answered: its count is that of the handlers. */
START_TEST(ten_thousand_handlers)
{
    g_autofree char *endpoint = NULL;
    struct qtest vm;
    struct peer peer;
    unsigned files = 0;
    long kib = 0;

    /* Freed memory that a sanitizer keeps would count. */
    g_setenv("ASAN_OPTIONS", "quarantine_size_mb=0:thread_local_quarantine_size_kb=0", TRUE);
    guest_start_reader(&vm, "-accel tcg", "timeout-ms=0,on-disconnect=wait,ping-ms=0");
    device_connect_and_claim(&vm, &peer);
    endpoint = qmp_get_string(&vm, "/machine/peripheral/vmmio0", "endpoint");
    qmp_run(&vm, "cont");
    for (uint32_t i = 1; i <= RESTARTS; i++) {
        serve_once(endpoint, i);
        if (i % 100 == 0) {
            qmp_run(&vm, "query-status"); /* takes the events, which QEMU keeps until then */
        }
        if (i == RESTARTS / 10) {
            kib = device_resident_kib(&vm);
        }
        if (i == 1) {
            peer_close(&peer);
            device_await_released(&vm);
            files = device_count_fds(&vm);
        }
    }
    guest_await_result(&vm, 0, RESTARTS);
    ck_assert_uint_eq(qtest_read(&vm, 4, GUEST_RESULTS + 4), RESTARTS);
    device_await_released(&vm);
    device_await_fds(&vm, files);
    ck_assert_int_lt(device_resident_kib(&vm) - kib, 1024);
    qmp_run(&vm, "stop");
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("restarts", ten_thousand_handlers);
}
