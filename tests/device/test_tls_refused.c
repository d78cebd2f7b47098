/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS with clients that should not get in, and settings that cannot work. */
#include "device.h"
#include "tap.h"
#include "tls_keys.h"
#include "tls_peer.h"

#include <string.h>

#define PSK "-object tls-creds-psk,id=tls0,endpoint=server,dir=%s "
#define X509 "-object tls-creds-x509,id=tls0,endpoint=server,verify-peer=on,dir=%s "
#define DEVICE "-device vmmio,id=vmmio0,listen=127.0.0.1:0,tls-creds=tls0"

#define WRONG_PSK "ffeeddccbbaa99887766554433221100"

/* Of this run, and of somebody else: made before the first test, removed after the last. */
static char *keys;
static char *strange_keys;

static void make_keys(void)
{
    keys = tls_keys_make();
    strange_keys = tls_keys_make();
}

static void remove_keys(void)
{
    tls_keys_remove(strange_keys);
    tls_keys_remove(keys);
}

/* `object` is PSK or X509, `rest` more of the device's properties and of the command line. */
static void start(struct qtest *vm, const char *object, const char *rest)
{
    g_autofree char *creds = NULL;
    g_auto(GStrv) parts = g_strsplit(object, "%s", 2);

    creds = g_strconcat(parts[0], keys, parts[1], NULL);
    qtest_start(vm, "aarch64", DEVICE_VIRT " -accel qtest %s" DEVICE "%s", creds, rest);
    qmp_open(vm);
}

static char *endpoint_of(struct qtest *vm)
{
    return qmp_get_string(vm, "/machine/peripheral/vmmio0", "endpoint");
}

static void connect_plain(struct qtest *vm, struct peer *peer)
{
    device_connect(vm, "vmmio0", peer);
}

static void open_psk(struct qtest *vm, struct peer *peer, const char *key)
{
    g_autofree char *endpoint = endpoint_of(vm);

    tls_peer_open_psk(peer, endpoint, key);
}

static void open_x509(struct qtest *vm, struct peer *peer, const char *own_dir)
{
    g_autofree char *endpoint = endpoint_of(vm);

    tls_peer_open_x509(peer, endpoint, keys, own_dir);
}

/* A client with the right key still gets in, claims for the first time, and is asked. */
static void check_psk_works(struct qtest *vm)
{
    struct peer peer;

    open_psk(vm, &peer, TLS_KEYS_PSK);
    ck_assert(tls_peer_handshake(&peer));
    device_claim(vm, &peer, 1);
    device_check_read(vm, &peer);
    peer_close(&peer);
    device_await_released(vm);
}

START_TEST(wrong_key)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, PSK, "");
    open_psk(&vm, &peer, WRONG_PSK);
    ck_assert(!tls_peer_handshake(&peer));
    qtest_await_stderr(&vm, "dropped: TLS handshake failed: ");
    check_psk_works(&vm);
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

/* The claim must not be heard. */
START_TEST(plain_text)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, PSK, "");
    connect_plain(&vm, &peer);
    peer_send_text(&peer, DEVICE_CLAIM_0);
    peer_expect_closed(&peer);
    qtest_await_stderr(&vm, "dropped: TLS handshake failed: ");
    ck_assert(!qmp_get_bool(&vm, "/machine/peripheral/vmmio0", "handler-connected"));
    check_psk_works(&vm);
    qtest_stop(&vm);
}
END_TEST

/* The device takes what looks like a long packet, and neither answers nor minds. */
START_TEST(tls_to_a_plain_endpoint)
{
    g_autofree char *endpoint = NULL;
    struct qtest vm;
    struct peer confused, handler;

    device_start(&vm, "");
    endpoint = endpoint_of(&vm);
    tls_peer_open_psk(&confused, endpoint, TLS_KEYS_PSK);
    tls_peer_hello(&confused);
    device_connect_and_claim(&vm, &handler);
    device_check_read(&vm, &handler);
    peer_expect_silence(&confused, 0);
    peer_close(&confused);
    device_check_read(&vm, &handler);
    qtest_stop(&vm);
}
END_TEST

/* The first bytes of a hello, or none at all. */
static const char *const beginnings[] = { "", "\x16\x03\x01" };

/* How often QEMU has printed the text. */
/* Both at the same time: each waits for as long as the device lets it. */
START_TEST(silence_in_the_handshake)
{
    struct peer silent[G_N_ELEMENTS(beginnings)];
    struct qtest vm;
    struct peer handler;

    start(&vm, PSK, ",ping-ms=0");
    for (unsigned i = 0; i < G_N_ELEMENTS(silent); i++) {
        connect_plain(&vm, &silent[i]);
        peer_send(&silent[i], beginnings[i], strlen(beginnings[i]));
    }
    open_psk(&vm, &handler, TLS_KEYS_PSK);
    ck_assert(tls_peer_handshake(&handler));
    device_claim(&vm, &handler, 1);
    device_check_read(&vm, &handler);
    peer_expect_silence(&silent[0], 0);
    peer_expect_silence(&silent[1], 0);

    peer_expect_closed(&silent[0]);
    peer_expect_closed(&silent[1]);
    qtest_await_stderr_twice(&vm, "dropped: no TLS handshake within 10 s");
    device_check_read(&vm, &handler);
    peer_close(&handler);
    qtest_stop(&vm);
}
END_TEST

START_TEST(closes_in_the_handshake)
{
    const char *beginning = beginnings[_i];
    struct qtest vm;
    struct peer peer;

    start(&vm, PSK, "");
    connect_plain(&vm, &peer);
    peer_send(&peer, beginning, strlen(beginning));
    peer_await_received(&peer);
    peer_close(&peer);
    qtest_await_stderr(&vm, "dropped: TLS handshake failed: ");
    check_psk_works(&vm);
    qtest_stop(&vm);
}
END_TEST

START_TEST(no_client_certificate)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, X509, "");
    open_x509(&vm, &peer, NULL);
    if (tls_peer_handshake(&peer)) {
        peer_expect_closed(&peer);
    }
    qtest_await_stderr(&vm, "dropped: ");
    ck_assert(!qmp_get_bool(&vm, "/machine/peripheral/vmmio0", "handler-connected"));
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

START_TEST(certificate_of_another_authority)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, X509, "");
    open_x509(&vm, &peer, strange_keys);
    if (tls_peer_handshake(&peer)) {
        peer_expect_closed(&peer);
    }
    qtest_await_stderr(&vm, "dropped: The certificate is not trusted");
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

/* Our own client: the test's client looks at the server's certificate, too. */
START_TEST(server_of_another_authority)
{
    g_autofree char *endpoint = NULL;
    struct qtest vm;
    struct peer peer;

    start(&vm, X509, "");
    endpoint = endpoint_of(&vm);
    tls_peer_open_x509(&peer, endpoint, strange_keys, keys);
    ck_assert(!tls_peer_handshake(&peer));
    peer_close(&peer);
    qtest_await_stderr(&vm, "dropped: TLS handshake failed: ");
    qtest_stop(&vm);
}
END_TEST

#define AUTHZ(name) ",tls-authz=who -object authz-simple,id=who,identity=" name

START_TEST(authz_lets_the_name_in)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, X509, AUTHZ(TLS_KEYS_CLIENT));
    open_x509(&vm, &peer, keys);
    ck_assert(tls_peer_handshake(&peer));
    device_claim(&vm, &peer, 1);
    device_check_read(&vm, &peer);
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

START_TEST(authz_refuses_another_name)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, X509, AUTHZ("CN=somebody-else"));
    open_x509(&vm, &peer, keys);
    if (tls_peer_handshake(&peer)) {
        peer_expect_closed(&peer);
    }
    qtest_await_stderr(&vm, "authz check for " TLS_KEYS_CLIENT " is denied");
    peer_close(&peer);
    qtest_stop(&vm);
}
END_TEST

/* Each is closed before the next comes, and none may keep the only place or a file. */
START_TEST(refused_clients_leave_nothing)
{
    struct qtest vm;
    struct peer peer;
    unsigned before;

    start(&vm, PSK, ",max-connections=1");
    before = device_count_fds(&vm);
    for (unsigned i = 0; i < 50; i++) {
        connect_plain(&vm, &peer);
        peer_send_text(&peer, DEVICE_CLAIM_0);
        peer_expect_closed(&peer);
        peer_close(&peer);
    }
    device_await_fds(&vm, before);
    check_psk_works(&vm);
    qtest_stop(&vm);
}
END_TEST

/* A handshake takes one of the places, and gives it up for a client that comes later. */
START_TEST(a_stalled_handshake_makes_room)
{
    struct qtest vm;
    struct peer oldest, second, third;

    start(&vm, PSK, ",max-connections=2");
    connect_plain(&vm, &oldest);
    connect_plain(&vm, &second);
    connect_plain(&vm, &third);
    peer_expect_closed(&oldest);
    qtest_await_stderr(&vm, "dropped: another one came and all connections are taken");
    peer_expect_silence(&second, 0);
    check_psk_works(&vm);
    peer_expect_closed(&second);
    peer_expect_silence(&third, 0);
    qtest_stop(&vm);
}
END_TEST

/* Who has finished it keeps the place. */
START_TEST(a_finished_handshake_keeps_its_place)
{
    struct qtest vm;
    struct peer handler, second;

    start(&vm, PSK, ",max-connections=1");
    open_psk(&vm, &handler, TLS_KEYS_PSK);
    ck_assert(tls_peer_handshake(&handler));
    device_claim(&vm, &handler, 1);
    connect_plain(&vm, &second);
    peer_expect_closed(&second);
    qtest_await_stderr(&vm, "refused: there are 1 already");
    device_check_read(&vm, &handler);
    peer_close(&handler);
    device_await_released(&vm);
    qtest_stop(&vm);
}
END_TEST

/* Many times the places there are, one after the other, and none that stays open. */
START_TEST(stalled_handshakes_leave_nothing)
{
    struct peer stalled[100];
    struct qtest vm;
    unsigned before;

    start(&vm, PSK, ",max-connections=4");
    before = device_count_fds(&vm);
    for (unsigned i = 0; i < G_N_ELEMENTS(stalled); i++) {
        connect_plain(&vm, &stalled[i]);
    }
    check_psk_works(&vm);
    for (unsigned i = 0; i < G_N_ELEMENTS(stalled); i++) {
        peer_close(&stalled[i]);
    }
    device_await_fds(&vm, before);
    qtest_stop(&vm);
}
END_TEST

#define CLIENT_PSK "-object tls-creds-psk,id=tls0,endpoint=client,username=vmmio,dir=%s "
#define SECOND "-device vmmio,start=0xfef01000,listen=127.0.0.1:0"
#define AUTHZ_LAST ",tls-authz=who -object authz-simple,id=who,identity=x"

/* "%s" stands for the directory of the keys. */
static const struct {
    const char *devices;
    const char *words;
} bad[] = {
    { DEVICE, "tls-creds=tls0: there is no tls-creds object of that id" },
    { "-object rng-builtin,id=tls0 " DEVICE,
      "tls-creds=tls0: there is no tls-creds object of that id" },
    { CLIENT_PSK DEVICE, "tls-creds=tls0: give that object endpoint=server" },
    { PSK DEVICE ",tls-authz=nobody", "tls-authz=nobody: there is no authz object of that id" },
    { PSK DEVICE AUTHZ_LAST, "tls-authz=who needs the tls-creds= of a tls-creds-x509 object" },
    { "-object tls-creds-x509,id=tls0,endpoint=server,verify-peer=off,dir=%s " DEVICE AUTHZ_LAST,
      "tls-authz=who needs the tls-creds= of a tls-creds-x509 object with verify-peer=on" },
    { "-device vmmio,listen=127.0.0.1:0" AUTHZ_LAST, "tls-authz=who needs the tls-creds=" },
    { PSK SECOND " " DEVICE,
      "tls-creds=tls0, but an earlier device of listen=127.0.0.1:0 has nothing: the devices" },
    { PSK "-object tls-creds-anon,id=tls1,endpoint=server " SECOND ",tls-creds=tls1 " DEVICE,
      "tls-creds=tls0, but an earlier device of listen=127.0.0.1:0 has tls1" },
};

START_TEST(bad_settings)
{
    g_auto(GStrv) parts = g_strsplit(bad[_i].devices, "%s", 2);
    g_autofree char *devices = g_strjoinv(keys, parts);

    device_check_refused("aarch64", DEVICE_VIRT, devices, bad[_i].words);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_refused");
    TCase *tcase = tcase_create("tls_refused");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_unchecked_fixture(tcase, make_keys, remove_keys);
    tcase_add_test(tcase, wrong_key);
    tcase_add_test(tcase, plain_text);
    tcase_add_test(tcase, tls_to_a_plain_endpoint);
    tcase_add_test(tcase, silence_in_the_handshake);
    tcase_add_loop_test(tcase, closes_in_the_handshake, 0, G_N_ELEMENTS(beginnings));
    tcase_add_test(tcase, no_client_certificate);
    tcase_add_test(tcase, certificate_of_another_authority);
    tcase_add_test(tcase, server_of_another_authority);
    tcase_add_test(tcase, authz_lets_the_name_in);
    tcase_add_test(tcase, authz_refuses_another_name);
    tcase_add_test(tcase, refused_clients_leave_nothing);
    tcase_add_test(tcase, a_stalled_handshake_makes_room);
    tcase_add_test(tcase, a_finished_handshake_keeps_its_place);
    tcase_add_test(tcase, stalled_handshakes_leave_nothing);
    tcase_add_loop_test(tcase, bad_settings, 0, G_N_ELEMENTS(bad));
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
