/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client sends right after a burst of accesses, when no access comes to take it. Both ends
 * run on one CPU, where a round trip takes some 10 us on any machine.
 */
#include "dma_request.h"
#include "guest.h"

#include <sched.h>
#include <string.h>

#define BURST_SECONDS 60

/* RAM that the guest waits for after its last access; not 0 lets it go on with the next. */
#define GO_ON (GUEST_RESULTS + 8)

/* Reads 0xfef00000 until it is 1, waits to go on, and again. */
static const uint32_t program[] = {
    0xd2a80603, /*    mov  x3, #0x40300000 */
    0xd2bfde01, /*    mov  x1, #0xfef00000 */
    0xb900087f, /* 1: str  wzr, [x3, #8]   */
    0xb9400022, /* 2: ldr  w2, [x1]        */
    0x7100045f, /*    cmp  w2, #1          */
    0x54ffffc1, /*    b.ne 2b              */
    0xb9400865, /* 3: ldr  w5, [x3, #8]    */
    0x34ffffe5, /*    cbz  w5, 3b          */
    0x17fffffa, /*    b    1b              */
};

static void start(struct qtest *vm)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0); /* QEMU inherits it */
    guest_start(vm, "-accel tcg -msg timestamp=on -trace enable=vmmio_burst",
                "poll-us=0,timeout-ms=0", program, G_N_ELEMENTS(program));
    qmp_run(vm, "cont");
}

/* Whether a burst has begun or ended last, and when, in us of the real time. */
static bool is_in_burst(const struct qtest *vm, double *at_us)
{
    g_autofree char *log = qtest_stderr(vm);
    char *line = g_strrstr(log, ":vmmio_burst");

    *at_us = 0;
    if (!line) {
        return false;
    }
    *line = '\0';
    *at_us = g_ascii_strtod(strrchr(log, '@') + 1, NULL) * G_USEC_PER_SEC;
    return strstr(line + 1, " begins=1");
}

static void answer(struct peer *peer, uint64_t data)
{
    uint8_t packet[PEER_PACKET];

    peer_receive(peer, packet);
    peer_answer(peer, packet, data);
}

/* The guest's last access for now is in a burst, if nothing held it up. Returns when it was. */
static double make_burst(struct qtest *vm, struct peer *peer)
{
    gint64 end = g_get_monotonic_time() + BURST_SECONDS * G_TIME_SPAN_SECOND;
    double at;

    do {
        for (unsigned i = 0; i < 1000; i++) {
            answer(peer, 0);
        }
        ck_assert_msg(g_get_monotonic_time() < end, "no burst within %d s", BURST_SECONDS);
    } while (!is_in_burst(vm, &at));
    for (unsigned i = 0; i < 1000; i++) { /* the look at the log may have ended that one */
        answer(peer, 0);
    }
    at = g_get_real_time();
    answer(peer, 1);
    return at;
}

/* The burst of the last access is over now. False: that access was in none. */
static bool ended_since(struct qtest *vm, double last_access_us)
{
    gint64 end = g_get_monotonic_time() + QTEST_SECONDS * G_TIME_SPAN_SECOND;
    double at;

    while (is_in_burst(vm, &at)) {
        ck_assert_msg(g_get_monotonic_time() < end, "the burst does not end");
        g_usleep(1000);
    }
    return at > last_access_us;
}

/* No access can bring the request: the guest waits for what it writes. */
START_TEST(dma_is_served)
{
    struct qtest vm;
    struct peer peer;
    double at;

    start(&vm);
    device_connect_and_claim(&vm, &peer);
    do {
        at = make_burst(&vm, &peer);
        dma_expect_written(&peer, 4, GO_ON);
    } while (!ended_since(&vm, at));
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

START_TEST(end_of_connection_is_noticed)
{
    struct qtest vm;
    struct peer peer;
    double at;

    start(&vm);
    for (uint64_t claims = 1;; claims++) {
        device_connect(&vm, "vmmio0", &peer);
        device_claim(&vm, &peer, claims);
        at = make_burst(&vm, &peer);
        peer_close(&peer);
        device_await_released(&vm);
        if (ended_since(&vm, at)) {
            break;
        }
        device_connect(&vm, "vmmio0", &peer); /* lets the guest go on */
        dma_expect_written(&peer, 4, GO_ON);
        peer_close(&peer);
    }
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("burst", dma_is_served, end_of_connection_is_noticed);
}
