/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three clients that do at random what a client may do and what it may not,
 * against a guest that reads one range and writes another all the time. Whatever
 * they did, QMP answers, nothing leaks, and who claims afterwards is served.
 *
 * CHAOS_SEEDS=N runs seeds 0 to N-1. A failed test names its seed; a seed decides
 * what the clients do, but not what the guest does meanwhile.
 */
#include "dma_request.h"
#include "guest.h"
#include "tap.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SEEDS 5
#define STEPS 300
#define CLIENTS 3

/* A step waits this long for a packet: the guest must get its turn. */
#define STEP_MS 2

/* RAM that clients may write: neither results nor program. */
#define SCRATCH UINT64_C(0x40100000)

/* Each seed has one of these; the second range and its policy follow. */
static const char *const policies[] = {
    "timeout-ms=20",
    "timeout-ms=20,posted-writes=on",
    "timeout-ms=20,on-timeout=error,on-disconnect=error",
    "timeout-ms=20,on-disconnect=wait",
    "timeout-ms=20,poll-us=50",
};

struct client {
    GRand *numbers;
    struct peer peer;
    bool connected;
    bool lazy;                    /* leaves what comes unread */
    uint8_t request[PEER_PACKET]; /* the last that came, zero before */
    uint8_t partial[PEER_PACKET];
    size_t partial_len;
};

/* An abort leads to the program's start, and it counts on. */
static void start_guest(struct qtest *vm, unsigned seed)
{
    static const uint32_t program[] = {
        0xd2bfde01, /*    mov  x1, #0xfef00000 */
        0xd2a80603, /*    mov  x3, #0x40300000 */
        0xb9400464, /*    ldr  w4, [x3, #4]    */
        0x11000484, /* 1: add  w4, w4, #1      */
        0xb9100824, /*    str  w4, [x1, #4104] */
        0xb9400022, /*    ldr  w2, [x1]        */
        0xb9000062, /*    str  w2, [x3]        */
        0xb9000464, /*    str  w4, [x3, #4]    */
        0x17fffffb, /*    b    1b              */
    };
    const char *policy = policies[seed % G_N_ELEMENTS(policies)];
    g_autofree char *properties = g_strdup_printf(
        "irq=80,%s -device vmmio,id=vmmio1,start=0xfef01000,listen=127.0.0.1:0,irq=81,%s", policy,
        policy);

    guest_start(vm, seed % 2 ? "-accel tcg,thread=single" : "-accel tcg,thread=multi", properties,
                program, G_N_ELEMENTS(program));
}

static unsigned any_below(struct client *c, unsigned limit)
{
    return (unsigned)g_rand_int_range(c->numbers, 0, (gint32)limit);
}

/* As much as fits: a client that is cut off in a packet is one more of the things that happen. */
static void send_some(struct client *c, const void *bytes, size_t len)
{
    if (send(c->peer.fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        c->lazy = false; /* to learn of the end, if that is why */
    }
}

static void hang_up(struct client *c)
{
    peer_close(&c->peer);
    c->connected = false;
}

static void claim(struct client *c)
{
    uint8_t packet[PEER_PACKET];

    peer_parse(DEVICE_CLAIM_0, packet);
    packet[0] = (uint8_t)any_below(c, 2);
    if (any_below(c, 20) == 0) {
        packet[0] = (uint8_t)(2 + any_below(c, 254));
    }
    send_some(c, packet, sizeof(packet));
}

static void answer(struct client *c)
{
    peer_set_data(c->request, g_rand_int(c->numbers));
    send_some(c, c->request, PEER_PACKET);
}

static void answer_twice(struct client *c)
{
    answer(c);
    answer(c);
}

static void answer_with_error(struct client *c)
{
    uint8_t reply[PEER_PACKET];

    memcpy(reply, c->request, PEER_PACKET);
    peer_set_error(reply);
    send_some(c, reply, sizeof(reply));
}

/* One bit of the request is another one: of its tag, its opcode, or whatever. */
static void answer_something_else(struct client *c)
{
    uint8_t reply[PEER_PACKET];

    memcpy(reply, c->request, PEER_PACKET);
    reply[any_below(c, PEER_PACKET)] ^= (uint8_t)(1u << any_below(c, 8));
    send_some(c, reply, sizeof(reply));
}

/* Range, line and level mostly exist. */
static void update_irq(struct client *c)
{
    uint8_t packet[PEER_PACKET];

    peer_parse("00 00 00 80 00 00 00 00  41", packet);
    packet[0] = (uint8_t)any_below(c, 3);
    packet[16] = (uint8_t)(any_below(c, 8) == 0);
    packet[24] = (uint8_t)any_below(c, 2);
    send_some(c, packet, sizeof(packet));
}

static void ask_for_memory(struct client *c)
{
    static const uint64_t places[] = { SCRATCH, DMA_RAM_END - 8, DEVICE_BASE, 0x09000000,
                                       UINT64_MAX - 8 };
    uint64_t place = places[any_below(c, G_N_ELEMENTS(places))] + any_below(c, 16);
    unsigned size = any_below(c, 40);
    uint8_t packet[PEER_PACKET];

    if (any_below(c, 2)) {
        dma_make_read(packet, size, place);
    } else {
        dma_make_write(packet, size, place);
    }
    send_some(c, packet, sizeof(packet));
}

static void ask_for_much_memory(struct client *c)
{
    for (unsigned i = 0; i < 1100; i++) {
        ask_for_memory(c);
    }
}

static void make_noise(struct client *c)
{
    uint8_t noise[2 * PEER_PACKET];
    unsigned len = 1 + any_below(c, sizeof(noise));

    for (unsigned i = 0; i < len; i++) {
        noise[i] = (uint8_t)g_rand_int(c->numbers);
    }
    noise[1] &= 3; /* else nearly all that comes later is skipped */
    send_some(c, noise, len);
}

static void stop_or_start_reading(struct client *c)
{
    c->lazy = !c->lazy;
}

static void close_sending_half(struct client *c)
{
    shutdown(c->peer.fd, SHUT_WR);
}

static void abort_connection(struct client *c)
{
    const struct linger none = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(c->peer.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    hang_up(c);
}

/* Mostly what keeps a connection alive, of 64. */
static const struct {
    unsigned share;
    void (*act)(struct client *c);
} actions[] = {
    { 30, answer },
    { 10, claim },
    { 4, answer_twice },
    { 4, answer_with_error },
    { 3, answer_something_else },
    { 4, update_irq },
    { 3, ask_for_memory },
    { 1, ask_for_much_memory },
    { 1, make_noise },
    { 1, stop_or_start_reading },
    { 1, close_sending_half },
    { 1, abort_connection },
    { 1, hang_up },
};

static void act(struct client *c)
{
    unsigned choice = any_below(c, 64);
    size_t i = 0;

    while (choice >= actions[i].share) {
        choice -= actions[i++].share;
    }
    actions[i].act(c);
}

/* Take what has come; the last whole packet is the request to answer. */
static void receive(struct client *c)
{
    ssize_t n;

    do {
        n = recv(c->peer.fd, c->partial + c->partial_len, PEER_PACKET - c->partial_len,
                 MSG_DONTWAIT);
        c->partial_len += n > 0 ? (size_t)n : 0;
        if (c->partial_len == PEER_PACKET) {
            memcpy(c->request, c->partial, PEER_PACKET);
            c->partial_len = 0;
        }
    } while (n > 0);
    if (n == 0 || errno != EAGAIN) {
        hang_up(c);
    }
}

static void step(struct qtest *vm, struct client *c)
{
    if (!c->connected) {
        device_connect(vm, "vmmio0", &c->peer);
        c->connected = true;
        c->lazy = false;
        c->partial_len = 0;
    }
    if (!c->lazy) {
        peer_wait(&c->peer, POLLIN, STEP_MS);
        receive(c);
    }
    if (c->connected) {
        act(c);
    }
}

/* What a user does to the VM meanwhile. */
static void disturb(struct qtest *vm, unsigned choice)
{
    switch (choice) {
    case 0:
        qmp_run(vm, "stop");
        qmp_run(vm, "cont");
        break;
    case 1:
        qmp_run_until_event(vm, "system_reset", "RESET");
        break;
    case 2:
        json_object_unref(qmp_get_object(vm, "/machine/peripheral/vmmio0", "stats"));
        break;
    default:
        qmp_run(vm, "query-status");
    }
}

/* A new client has both ranges; the guest reads what it answers, if that is not late by chance. */
static void check_served(struct qtest *vm, uint32_t value)
{
    gint64 end = g_get_monotonic_time() + QTEST_SECONDS * G_TIME_SPAN_SECOND;
    uint8_t request[PEER_PACKET];
    struct peer peer;

    device_connect(vm, "vmmio0", &peer);
    peer_send_text(&peer, DEVICE_CLAIM_0);
    peer_send_text(&peer, "01 00 00 80 00 00 00 00  f0");
    do {
        ck_assert_msg(g_get_monotonic_time() < end, "the guest is not served");
        peer_receive(&peer, request);
        if (request[8] == 0x01 || request[8] == 0x05) { /* READ, WRITEA */
            peer_answer(&peer, request, value);
        }
    } while (qtest_read(vm, 4, GUEST_RESULTS) != value);
    peer_close(&peer);
}

START_TEST(guest_survives)
{
    struct client clients[CLIENTS] = { 0 };
    GRand *numbers = g_rand_new_with_seed((guint32)_i);
    struct qtest vm;
    unsigned fds;

    fprintf(stderr, "seed %d\n", _i);
    start_guest(&vm, (unsigned)_i);
    fds = device_count_fds(&vm);
    qmp_run(&vm, "cont");
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i].numbers = numbers;
    }
    for (unsigned i = 0; i < STEPS; i++) {
        step(&vm, &clients[g_rand_int_range(numbers, 0, CLIENTS)]);
        if (g_rand_int_range(numbers, 0, 20) == 0) {
            disturb(&vm, (unsigned)g_rand_int_range(numbers, 0, 4));
        }
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (clients[i].connected) {
            hang_up(&clients[i]);
        }
    }
    device_await_fds(&vm, fds);
    check_served(&vm, 0x600d0000u + (unsigned)_i);
    qtest_stop(&vm);
    g_rand_free(numbers);
}
END_TEST

int main(void)
{
    const char *wanted = getenv("CHAOS_SEEDS");
    int seeds = wanted ? atoi(wanted) : SEEDS;
    Suite *suite = suite_create("chaos");
    TCase *tcase = tcase_create("chaos");

    if (seeds <= 0) {
        fprintf(stderr, "test_chaos: CHAOS_SEEDS=%s is no number of seeds\n", wanted);
        return EXIT_FAILURE;
    }
    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_loop_test(tcase, guest_survives, 0, seeds);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
