/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protocol over TLS: each kind of credentials, and packets that records do not keep whole. */
#include "guest.h"
#include "tap.h"
#include "tls_keys.h"
#include "tls_peer.h"

#include <glib/gstdio.h>
#include <string.h>

/* WRITEA of 0x5a5a1234, 4 bytes, to 0xfef00000, privileged. */
#define WRITE_4                                                                                    \
    "00 00 00 00 .. .. .. ..  05 00 04 40 0f 00 00 00  00 00 f0 fe 00 00 00 00 "                   \
    "34 12 5a 5a 00 00 00 00"

/* IRQ_UPDATE of line 0 of range 0. */
#define RAISE "00 00 00 80 00 00 00 00  41 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  01"
#define LOWER "00 00 00 80 00 00 00 00  41 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  00"

/* A DMA read of 4 bytes of RAM that nobody has written, and its answer. */
#define DMA_HEAD "00 00 00 80 44 33 22 11  01 00 04 00 00 00 00 00  00 00 00 41 00 00 00 00 "
#define DMA_TAIL                                                                                   \
    " aa aa aa aa  aa aa aa aa aa aa aa aa  aa aa aa aa aa aa aa aa  aa aa aa aa aa aa aa aa"
#define DMA_REQUEST DMA_HEAD "aa aa aa aa" DMA_TAIL
#define DMA_REPLY DMA_HEAD "00 00 00 00" DMA_TAIL

#define CREDS "-object tls-creds-%s,id=tls0,endpoint=server,verify-peer=%s,dir=%s "

/* Of this run; made before the first test and removed after the last. */
static char *keys;

static void make_keys(void)
{
    keys = tls_keys_make();
}

static void remove_keys(void)
{
    tls_keys_remove(keys);
}

static void start_on(struct qtest *vm, const char *kind, const char *listen)
{
    qtest_start(vm, "aarch64", DEVICE_VIRT " -accel qtest " CREDS
                "-device vmmio,id=vmmio0,irq=177,tls-creds=tls0,listen=%s",
                kind, strcmp(kind, "x509") == 0 ? "on" : "off", keys, listen);
    qmp_open(vm);
}

static void connect_client(struct qtest *vm, const char *kind, struct peer *peer)
{
    g_autofree char *endpoint = qmp_get_string(vm, "/machine/peripheral/vmmio0", "endpoint");

    if (strcmp(kind, "psk") == 0) {
        tls_peer_open_psk(peer, endpoint, TLS_KEYS_PSK);
    } else if (strcmp(kind, "x509") == 0) {
        tls_peer_open_x509(peer, endpoint, keys, keys);
    } else {
        tls_peer_open_anon(peer, endpoint);
    }
    ck_assert_msg(tls_peer_handshake(peer), "no TLS handshake by %s", kind);
}

static void start_with_handler(struct qtest *vm, struct peer *peer)
{
    start_on(vm, "psk", "127.0.0.1:0");
    connect_client(vm, "psk", peer);
    device_claim(vm, peer, 1);
}

static void check_write(struct qtest *vm, struct peer *peer)
{
    uint8_t request[PEER_PACKET];

    qtest_send_write(vm, 4, DEVICE_BASE, 0x5a5a1234);
    peer_expect(peer, WRITE_4, request);
    peer_send(peer, request, PEER_PACKET);
    g_free(qtest_answer(vm));
}

static void check_irq(struct qtest *vm, struct peer *peer)
{
    g_autofree char *gic = qmp_find_unattached(vm, "arm_gic");

    qtest_intercept_irqs(vm, gic);
    peer_send_text(peer, RAISE);
    qtest_await_irq(vm, 177, true);
    peer_send_text(peer, LOWER);
    qtest_await_irq(vm, 177, false);
}

static void check_everything(const char *kind, const char *listen)
{
    g_autofree char *printed = NULL;
    struct qtest vm;
    struct peer peer;

    qtest_allow_leaks();
    start_on(&vm, kind, listen);
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0xaaaaaaaa);
    connect_client(&vm, kind, &peer);
    device_claim(&vm, &peer, 1);
    device_check_read(&vm, &peer);
    check_write(&vm, &peer);
    check_irq(&vm, &peer);
    peer_send_text(&peer, DMA_REQUEST);
    peer_expect(&peer, DMA_REPLY, NULL);
    peer_close(&peer);
    device_await_released(&vm);
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0xaaaaaaaa);
    printed = qtest_stderr(&vm);
    ck_assert_str_eq(printed, "");
    qtest_stop(&vm);
}

static const char *const kinds[] = { "psk", "x509", "anon" };

START_TEST(everything_by_each_kind)
{
    check_everything(kinds[_i], "127.0.0.1:0");
}
END_TEST

START_TEST(on_a_unix_socket)
{
    g_autofree char *dir = g_dir_make_tmp("vmmio-XXXXXX", NULL);
    g_autofree char *listen = g_strdup_printf("unix:%s/socket", dir);

    check_everything("psk", listen);
    ck_assert_int_eq(g_rmdir(dir), 0);
}
END_TEST

/* The second device asks for none and gets those of the endpoint. */
START_TEST(ranges_share_the_credentials)
{
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    struct qtest vm;
    struct peer peer;

    start_on(&vm, "psk", "127.0.0.1:0 "
             "-device vmmio,id=vmmio1,start=0xfef01000,listen=127.0.0.1:0");
    first = qmp_get_string(&vm, "/machine/peripheral/vmmio0", "endpoint");
    second = qmp_get_string(&vm, "/machine/peripheral/vmmio1", "endpoint");
    ck_assert_str_eq(first, second);
    connect_client(&vm, "psk", &peer);
    peer_send_text(&peer, "01 00 00 80 00 00 00 00  f0");
    device_await_claims(&vm, "vmmio1", 1);
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

/* The clients are known, so every address may be listened on without a word. */
START_TEST(no_warning_of_other_machines)
{
    g_autofree char *printed = NULL;
    struct qtest vm;

    start_on(&vm, "psk", "0.0.0.0:0");
    ck_assert_uint_eq(qtest_read(&vm, 1, DEVICE_BASE), 0xaa);
    printed = qtest_stderr(&vm);
    ck_assert_str_eq(printed, "");
    qtest_stop(&vm);
}
END_TEST

static void fill(uint8_t *bytes, unsigned packets, const char *text)
{
    for (unsigned i = 0; i < packets; i++) {
        peer_parse(text, bytes + i * PEER_PACKET);
    }
}

static void expect_replies(struct peer *peer, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        peer_expect(peer, DMA_REPLY, NULL);
    }
}

/* The socket is silent when the first packet is taken out of the record. */
START_TEST(a_record_full_of_packets)
{
    uint8_t bytes[TLS_PEER_RECORD];
    struct qtest vm;
    struct peer peer;

    start_with_handler(&vm, &peer);
    fill(bytes, sizeof(bytes) / PEER_PACKET, DMA_REQUEST);
    for (unsigned i = 0; i < 3; i++) {
        peer_send(&peer, bytes, sizeof(bytes));
        expect_replies(&peer, sizeof(bytes) / PEER_PACKET);
    }
    device_check_read(&vm, &peer);
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

START_TEST(a_claim_behind_many_packets_of_a_record)
{
    uint8_t bytes[TLS_PEER_RECORD];
    struct qtest vm;
    struct peer peer;

    start_on(&vm, "psk", "127.0.0.1:0");
    connect_client(&vm, "psk", &peer);
    fill(bytes, sizeof(bytes) / PEER_PACKET, DMA_REQUEST);
    peer_parse(DEVICE_CLAIM_0, bytes + sizeof(bytes) - PEER_PACKET);
    peer_send(&peer, bytes, sizeof(bytes));
    device_await_claims(&vm, "vmmio0", 1);
    expect_replies(&peer, sizeof(bytes) / PEER_PACKET - 1);
    device_check_read(&vm, &peer);
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

/* The access is over with the first packet; the others must not be forgotten with it. */
START_TEST(packets_behind_a_reply_in_its_record)
{
    uint8_t bytes[TLS_PEER_RECORD];
    struct qtest vm;
    struct peer peer;

    start_with_handler(&vm, &peer);
    for (unsigned i = 0; i < 20; i++) {
        fill(bytes, sizeof(bytes) / PEER_PACKET, DMA_REQUEST);
        qtest_send_read(&vm, 4, DEVICE_BASE);
        peer_expect(&peer, DEVICE_READ_4, bytes);
        peer_set_data(bytes, i);
        peer_send(&peer, bytes, sizeof(bytes));
        expect_replies(&peer, sizeof(bytes) / PEER_PACKET - 1);
        ck_assert_uint_eq(qtest_answer_value(&vm), i);
    }
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

/* 64 KiB, as a client may have outstanding, in records that end inside of packets. */
START_TEST(bursts_across_records)
{
    const size_t chunks[] = { 1000, 63, 1, 5001 };
    uint8_t bytes[1024 * PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_with_handler(&vm, &peer);
    fill(bytes, 1024, DMA_REQUEST);
    for (size_t sent = 0, i = 0; sent < sizeof(bytes); i++) {
        size_t len = MIN(chunks[i % G_N_ELEMENTS(chunks)], sizeof(bytes) - sent);

        peer_send(&peer, bytes + sent, len);
        sent += len;
    }
    expect_replies(&peer, 1024);
    device_check_read(&vm, &peer);
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

START_TEST(a_record_for_each_byte)
{
    uint8_t claim[PEER_PACKET], request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_on(&vm, "psk", "127.0.0.1:0");
    connect_client(&vm, "psk", &peer);
    peer_parse(DEVICE_CLAIM_0, claim);
    for (unsigned i = 0; i < PEER_PACKET; i++) {
        peer_send(&peer, claim + i, 1);
    }
    device_await_claims(&vm, "vmmio0", 1);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_set_data(request, 0x600d);
    for (unsigned i = 0; i < PEER_PACKET; i++) {
        peer_send(&peer, request + i, 1);
    }
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x600d);
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

static void start_reader(struct qtest *vm)
{
    g_autofree char *machine = g_strdup_printf("-accel tcg,thread=multi " CREDS, "psk", "off",
                                               keys);

    guest_start_reader(vm, machine, "timeout-ms=0,tls-creds=tls0");
}

/* The vCPU and the link thread use the session in turns, each for either direction. */
START_TEST(a_vcpu_reads_while_requests_come)
{
    uint8_t bytes[10 * PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start_reader(&vm);
    connect_client(&vm, "psk", &peer);
    device_claim(&vm, &peer, 1);
    fill(bytes, 10, DMA_REQUEST);
    qmp_run(&vm, "cont");
    for (unsigned i = 1; i <= 300; i++) {
        uint8_t request[PEER_PACKET];

        peer_expect(&peer, DEVICE_READ_4, request);
        peer_send(&peer, bytes, sizeof(bytes));
        expect_replies(&peer, 10);
        peer_answer(&peer, request, i);
    }
    guest_await_result(&vm, 4, 300);
    peer_close(&peer);
    device_await_released(&vm);
    qtest_stop(&vm);
}
END_TEST

/* The handshake of the second client is not held up by the first, who does not answer. */
START_TEST(a_handshake_while_an_access_waits)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer silent, other;

    start_reader(&vm);
    connect_client(&vm, "psk", &silent);
    device_claim(&vm, &silent, 1);
    qmp_run(&vm, "cont");
    peer_expect(&silent, DEVICE_READ_4, request);
    connect_client(&vm, "psk", &other);
    device_claim(&vm, &other, 2);
    peer_expect_closed(&silent);
    peer_expect(&other, DEVICE_READ_4, request);
    peer_answer(&other, request, 7);
    peer_expect(&other, DEVICE_READ_4, request);
    peer_close(&other);
    device_await_released(&vm);
    peer_close(&silent);
    qtest_stop(&vm);
}
END_TEST

START_TEST(fifty_clients_leave_nothing)
{
    struct qtest vm;
    unsigned before;

    start_on(&vm, "psk", "127.0.0.1:0");
    before = device_count_fds(&vm);
    for (unsigned i = 1; i <= 50; i++) {
        struct peer peer;

        connect_client(&vm, "psk", &peer);
        device_claim(&vm, &peer, i);
        device_check_read(&vm, &peer);
        peer_close(&peer);
        device_await_released(&vm);
    }
    device_await_fds(&vm, before);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls");
    TCase *tcase = tcase_create("tls");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_unchecked_fixture(tcase, make_keys, remove_keys);
    tcase_add_loop_test(tcase, everything_by_each_kind, 0, G_N_ELEMENTS(kinds));
    tcase_add_test(tcase, on_a_unix_socket);
    tcase_add_test(tcase, ranges_share_the_credentials);
    tcase_add_test(tcase, no_warning_of_other_machines);
    tcase_add_test(tcase, a_record_full_of_packets);
    tcase_add_test(tcase, a_claim_behind_many_packets_of_a_record);
    tcase_add_test(tcase, packets_behind_a_reply_in_its_record);
    tcase_add_test(tcase, bursts_across_records);
    tcase_add_test(tcase, a_record_for_each_byte);
    tcase_add_test(tcase, a_vcpu_reads_while_requests_come);
    tcase_add_test(tcase, a_handshake_while_an_access_waits);
    tcase_add_test(tcase, fifty_clients_leave_nothing);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
