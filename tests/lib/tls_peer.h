/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vMMIO client that speaks TLS, by GnuTLS. Once the handshake is done, the
 * functions of peer.h serve it too, unless they say otherwise; peer_send() puts
 * what it sends into one record, up to 16384 bytes. peer_close() ends the
 * connection without a word, as a client does that is killed. One thread.
 */
#ifndef TESTS_TLS_PEER_H
#define TESTS_TLS_PEER_H

#include "peer.h"

/* Bytes that fit a record. */
#define TLS_PEER_RECORD 16384

/* Connect to the endpoint, as peer_connect(), with nothing said yet: by a key in hex ... */
void tls_peer_open_psk(struct peer *peer, const char *endpoint, const char *key);

/*
 * ... by certificates: the server's must be by the authority in `ca_dir`, the
 * client shows the one in `own_dir`, or none when that is NULL (see tls_keys.h) ...
 */
void tls_peer_open_x509(struct peer *peer, const char *endpoint, const char *ca_dir,
                        const char *own_dir);

/* ... or with nothing known of each other. */
void tls_peer_open_anon(struct peer *peer, const char *endpoint);

/*
 * Do the handshake. False when the other side ended it, or is not to be trusted.
 * A client certificate may still be refused after that: the connection closes.
 */
bool tls_peer_handshake(struct peer *peer);

/* Send the first message of a handshake, without waiting for the answer. */
void tls_peer_hello(struct peer *peer);

#endif
