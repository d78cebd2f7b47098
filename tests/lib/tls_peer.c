/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_peer.h"
#include "tls_keys.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct session {
    gnutls_session_t tls;
    /* one of these */
    gnutls_psk_client_credentials_t psk;
    gnutls_certificate_credentials_t x509;
    gnutls_anon_client_credentials_t anon;
};

static void must(int result)
{
    ck_assert_msg(result >= 0, "GnuTLS: %s", gnutls_strerror(result));
}

/* What send() or recv() would return, for a result of GnuTLS. */
static ssize_t as_socket_result(ssize_t n)
{
    switch (n) {
    case GNUTLS_E_AGAIN:
    case GNUTLS_E_INTERRUPTED:
        errno = EAGAIN;
        return -1;
    case GNUTLS_E_PREMATURE_TERMINATION:
        return 0;
    case GNUTLS_E_PULL_ERROR:
    case GNUTLS_E_PUSH_ERROR:
        errno = ECONNRESET;
        return -1;
    default:
        if (n < 0) {
            errno = EPROTO;
            return -1;
        }
        return n;
    }
}

static ssize_t tls_send(struct peer *peer, const void *bytes, size_t len)
{
    struct session *s = peer->session;

    return as_socket_result(gnutls_record_send(s->tls, bytes, len));
}

static ssize_t tls_recv(struct peer *peer, void *bytes, size_t len)
{
    struct session *s = peer->session;

    return as_socket_result(gnutls_record_recv(s->tls, bytes, len));
}

static void tls_close(struct peer *peer)
{
    struct session *s = peer->session;

    gnutls_deinit(s->tls);
    if (s->psk) {
        gnutls_psk_free_client_credentials(s->psk);
    }
    if (s->x509) {
        gnutls_certificate_free_credentials(s->x509);
    }
    if (s->anon) {
        gnutls_anon_free_client_credentials(s->anon);
    }
    g_free(s);
    close(peer->fd);
}

static struct session *open_session(struct peer *peer, const char *endpoint,
                                    const char *priorities)
{
    static const struct peer_transport transport = { tls_send, tls_recv, tls_close };
    struct session *s = g_new0(struct session, 1);

    peer_connect(peer, endpoint);
    ck_assert_int_eq(fcntl(peer->fd, F_SETFL, O_NONBLOCK), 0);
    /* A certificate is shown even to a server that names other authorities. */
    must(gnutls_init(&s->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
                                  GNUTLS_FORCE_CLIENT_CERT));
    must(gnutls_priority_set_direct(s->tls, priorities, NULL));
    gnutls_transport_set_int(s->tls, peer->fd);
    peer->transport = &transport;
    peer->session = s;
    return s;
}

void tls_peer_open_psk(struct peer *peer, const char *endpoint, const char *key)
{
    struct session *s = open_session(peer, endpoint, "NORMAL:+ECDHE-PSK:+DHE-PSK:+PSK");
    gnutls_datum_t hex = { (unsigned char *)key, (unsigned)strlen(key) };

    must(gnutls_psk_allocate_client_credentials(&s->psk));
    must(gnutls_psk_set_client_credentials(s->psk, TLS_KEYS_USER, &hex, GNUTLS_PSK_KEY_HEX));
    must(gnutls_credentials_set(s->tls, GNUTLS_CRD_PSK, s->psk));
}

void tls_peer_open_x509(struct peer *peer, const char *endpoint, const char *ca_dir,
                        const char *own_dir)
{
    struct session *s = open_session(peer, endpoint, "NORMAL");
    g_autofree char *ca = g_build_filename(ca_dir, "ca-cert.pem", NULL);

    must(gnutls_certificate_allocate_credentials(&s->x509));
    must(gnutls_certificate_set_x509_trust_file(s->x509, ca, GNUTLS_X509_FMT_PEM));
    if (own_dir) {
        g_autofree char *cert = g_build_filename(own_dir, "client-cert.pem", NULL);
        g_autofree char *key = g_build_filename(own_dir, "client-key.pem", NULL);

        must(gnutls_certificate_set_x509_key_file(s->x509, cert, key, GNUTLS_X509_FMT_PEM));
    }
    must(gnutls_credentials_set(s->tls, GNUTLS_CRD_CERTIFICATE, s->x509));
    gnutls_session_set_verify_cert(s->tls, NULL, 0);
}

void tls_peer_open_anon(struct peer *peer, const char *endpoint)
{
    struct session *s = open_session(peer, endpoint, "NORMAL:+ANON-DH");

    must(gnutls_anon_allocate_client_credentials(&s->anon));
    must(gnutls_credentials_set(s->tls, GNUTLS_CRD_ANON, s->anon));
}

bool tls_peer_handshake(struct peer *peer)
{
    struct session *s = peer->session;
    int result = gnutls_handshake(s->tls);

    while (result < 0 && !gnutls_error_is_fatal(result)) {
        short events = gnutls_record_get_direction(s->tls) ? POLLOUT : POLLIN;

        ck_assert_msg(peer_wait(peer, events, PEER_SECONDS * 1000),
                      "the device is silent in the handshake");
        result = gnutls_handshake(s->tls);
    }
    return result == 0;
}

void tls_peer_hello(struct peer *peer)
{
    struct session *s = peer->session;

    ck_assert_int_eq(gnutls_handshake(s->tls), GNUTLS_E_AGAIN);
}
