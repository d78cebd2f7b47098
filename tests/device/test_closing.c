/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client that goes away in any state, in order or with a reset of the
 * connection: a new one is served. In a TLS handshake: test_tls_refused.c.
 */
#include "dma_request.h"
#include "tap.h"

#include <glib/gstdio.h>
#include <sys/socket.h>

#define QUEUED_WRITES 1500

struct closing {
    struct qtest vm;
    struct peer peer;
    bool read_waits; /* a read over qtest is to be ended by the disconnect */
};

static void before_the_claim(struct closing *c)
{
    ck_assert(!qmp_get_bool(&c->vm, "/machine/peripheral/vmmio0", "handler-connected"));
}

static void after_the_claim(struct closing *c)
{
    device_claim(&c->vm, &c->peer, 1);
}

/* The claim goes out in part; what follows is never sent. */
static void send_part(struct closing *c, size_t len)
{
    uint8_t claim[PEER_PACKET];

    peer_parse(DEVICE_CLAIM_0, claim);
    peer_send(&c->peer, claim, len);
}

static void half_a_header(struct closing *c)
{
    send_part(c, 4);
}

static void half_a_packet(struct closing *c)
{
    after_the_claim(c);
    send_part(c, PEER_PACKET / 2);
}

/* n = 255, and not half of the blocks. */
static void in_a_long_packet(struct closing *c)
{
    after_the_claim(c);
    peer_send_text(&c->peer, "00 ff 00 80");
    for (unsigned i = 0; i < 100; i++) {
        peer_send_text(&c->peer, DEVICE_CLAIM_0);
    }
    send_part(c, PEER_PACKET / 2);
}

static void take_a_read(struct closing *c, uint8_t request[PEER_PACKET])
{
    after_the_claim(c);
    qtest_send_read(&c->vm, 4, DEVICE_BASE);
    peer_expect(&c->peer, DEVICE_READ_4, request);
    c->read_waits = true;
}

static void with_a_request(struct closing *c)
{
    uint8_t request[PEER_PACKET];

    take_a_read(c, request);
}

static void with_half_a_reply(struct closing *c)
{
    uint8_t request[PEER_PACKET];

    take_a_read(c, request);
    peer_send(&c->peer, request, PEER_PACKET / 2);
}

static void with_dma_outstanding(struct closing *c)
{
    uint8_t request[PEER_PACKET];

    after_the_claim(c);
    dma_make_read(request, 32, DMA_RAM);
    for (unsigned i = 0; i < 1024; i++) {
        peer_send(&c->peer, request, sizeof(request));
    }
}

/* More than the socket takes, less than makes the VM wait for room. */
static void with_posted_writes_queued(struct closing *c)
{
    after_the_claim(c);
    for (unsigned i = 0; i < QUEUED_WRITES; i++) {
        qtest_write(&c->vm, 4, DEVICE_BASE, i);
    }
}

static const struct {
    void (*come_to)(struct closing *c);
    const char *properties;
} states[] = {
    { before_the_claim, "" },
    { after_the_claim, "" },
    { half_a_header, "" },
    { half_a_packet, "" },
    { in_a_long_packet, "" },
    { with_a_request, "" },
    { with_half_a_reply, "" },
    { with_dma_outstanding, "" },
    { with_posted_writes_queued, ",posted-writes=on" },
};

/* With TCP the device sees a reset then; a Unix socket with unread bytes gives one anyway. */
static void leave(struct peer *peer, bool reset)
{
    const struct linger none = { .l_onoff = reset, .l_linger = 0 };

    ck_assert_int_eq(setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
    peer_close(peer);
}

static void check_state(unsigned state, const char *listen, bool reset)
{
    struct closing c = { 0 };

    qtest_start(&c.vm, "aarch64",
                DEVICE_VIRT " -accel qtest "
                "-device vmmio,id=vmmio0,timeout-ms=0,ping-ms=0,listen=%s%s",
                listen, states[state].properties);
    qmp_open(&c.vm);
    device_connect(&c.vm, "vmmio0", &c.peer);
    states[state].come_to(&c);
    leave(&c.peer, reset);
    if (c.read_waits) {
        ck_assert_uint_eq(qtest_answer_value(&c.vm), 0xaaaaaaaa);
    }
    device_await_released(&c.vm);
    device_check_fresh_client(&c.vm);
    qtest_stop(&c.vm);
}

START_TEST(closes)
{
    check_state((unsigned)_i, "127.0.0.1:0", false);
}
END_TEST

START_TEST(resets)
{
    check_state((unsigned)_i, "127.0.0.1:0", true);
}
END_TEST

START_TEST(closes_a_unix_socket)
{
    g_autofree char *directory = g_dir_make_tmp("vmmio-closing-XXXXXX", NULL);
    g_autofree char *listen = g_strdup_printf("unix:%s/socket", directory);

    check_state((unsigned)_i, listen, false);
    ck_assert_int_eq(g_rmdir(directory), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("closing");
    TCase *tcase = tcase_create("closing");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_loop_test(tcase, closes, 0, G_N_ELEMENTS(states));
    tcase_add_loop_test(tcase, resets, 0, G_N_ELEMENTS(states));
    tcase_add_loop_test(tcase, closes_a_unix_socket, 0, G_N_ELEMENTS(states));
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
