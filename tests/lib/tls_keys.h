/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and certificates of one TLS test, made on the spot, in a temporary
 * directory that QEMU's tls-creds objects take as dir=: dh-params.pem,
 * keys.psk, ca-cert.pem, server-cert.pem, server-key.pem; and the client's
 * client-cert.pem and client-key.pem. Each call makes an authority of its own.
 * What fails ends the running Check test.
 */
#ifndef TESTS_TLS_KEYS_H
#define TESTS_TLS_KEYS_H

/* The user of keys.psk, his key in hex, and the name in the client's certificate. */
#define TLS_KEYS_USER "vmmio"
#define TLS_KEYS_PSK "00112233445566778899aabbccddeeff"
#define TLS_KEYS_CLIENT "CN=vmmio-client"

/* Make the directory and return its path. The caller passes that to tls_keys_remove(). */
char *tls_keys_make(void);

/* Remove the directory with all that tls_keys_make() put there; frees the path. */
void tls_keys_remove(char *dir);

#endif
