/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_keys.h"

#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#define HOUR 3600

/* Somebody with a certificate. */
struct party {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t cert;
};

static const char *const files[] = { "dh-params.pem",  "keys.psk",        "ca-cert.pem",
                                     "server-cert.pem", "server-key.pem", "client-cert.pem",
                                     "client-key.pem" };

static void must(int result)
{
    ck_assert_msg(result >= 0, "GnuTLS: %s", gnutls_strerror(result));
}

static void save(const char *dir, const char *name, const void *bytes, size_t len)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    ck_assert(g_file_set_contents(path, bytes, (gssize)len, NULL));
}

/* Frees the data. */
static void save_datum(const char *dir, const char *name, gnutls_datum_t *data)
{
    save(dir, name, data->data, data->size);
    gnutls_free(data->data);
}

/* Without parameters QEMU makes some of its own at each start, which can take a second. */
static void save_dh_params(const char *dir)
{
    gnutls_dh_params_t params;
    gnutls_datum_t pem;

    must(gnutls_dh_params_init(&params));
    must(gnutls_dh_params_import_raw(params, &gnutls_ffdhe_2048_group_prime,
                                     &gnutls_ffdhe_2048_group_generator));
    must(gnutls_dh_params_export2_pkcs3(params, GNUTLS_X509_FMT_PEM, &pem));
    save_datum(dir, "dh-params.pem", &pem);
    gnutls_dh_params_deinit(params);
}

/* A key, and a certificate that is not signed yet. */
static void make_party(struct party *party, const char *name, uint8_t serial)
{
    must(gnutls_x509_privkey_init(&party->key));
    must(gnutls_x509_privkey_generate(party->key, GNUTLS_PK_ECDSA,
                                      GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    must(gnutls_x509_crt_init(&party->cert));
    must(gnutls_x509_crt_set_version(party->cert, 3));
    must(gnutls_x509_crt_set_key(party->cert, party->key));
    must(gnutls_x509_crt_set_serial(party->cert, &serial, sizeof(serial)));
    must(gnutls_x509_crt_set_activation_time(party->cert, time(NULL) - HOUR));
    must(gnutls_x509_crt_set_expiration_time(party->cert, time(NULL) + 24 * HOUR));
    must(gnutls_x509_crt_set_dn(party->cert, name, NULL));
}

static void make_authority(struct party *ca)
{
    make_party(ca, "CN=vmmio-ca", 1);
    must(gnutls_x509_crt_set_basic_constraints(ca->cert, 1, -1));
    must(gnutls_x509_crt_set_key_usage(ca->cert, GNUTLS_KEY_KEY_CERT_SIGN));
    must(gnutls_x509_crt_sign2(ca->cert, ca->cert, ca->key, GNUTLS_DIG_SHA256, 0));
}

static void make_member(struct party *party, const char *name, uint8_t serial,
                        const char *purpose, const struct party *ca)
{
    make_party(party, name, serial);
    must(gnutls_x509_crt_set_basic_constraints(party->cert, 0, -1));
    must(gnutls_x509_crt_set_key_usage(party->cert, GNUTLS_KEY_DIGITAL_SIGNATURE));
    must(gnutls_x509_crt_set_key_purpose_oid(party->cert, purpose, 0));
    must(gnutls_x509_crt_sign2(party->cert, ca->cert, ca->key, GNUTLS_DIG_SHA256, 0));
}

static void save_cert(const char *dir, const char *name, const struct party *party)
{
    gnutls_datum_t pem;

    must(gnutls_x509_crt_export2(party->cert, GNUTLS_X509_FMT_PEM, &pem));
    save_datum(dir, name, &pem);
}

static void save_key(const char *dir, const char *name, const struct party *party)
{
    gnutls_datum_t pem;

    must(gnutls_x509_privkey_export2(party->key, GNUTLS_X509_FMT_PEM, &pem));
    save_datum(dir, name, &pem);
}

static void free_party(struct party *party)
{
    gnutls_x509_crt_deinit(party->cert);
    gnutls_x509_privkey_deinit(party->key);
}

static void save_certificates(const char *dir)
{
    struct party ca, server, client;

    make_authority(&ca);
    make_member(&server, "CN=vmmio-server", 2, GNUTLS_KP_TLS_WWW_SERVER, &ca);
    make_member(&client, TLS_KEYS_CLIENT, 3, GNUTLS_KP_TLS_WWW_CLIENT, &ca);
    save_cert(dir, "ca-cert.pem", &ca);
    save_cert(dir, "server-cert.pem", &server);
    save_key(dir, "server-key.pem", &server);
    save_cert(dir, "client-cert.pem", &client);
    save_key(dir, "client-key.pem", &client);
    free_party(&client);
    free_party(&server);
    free_party(&ca);
}

char *tls_keys_make(void)
{
    static const char psk[] = TLS_KEYS_USER ":" TLS_KEYS_PSK "\n";
    char *dir = g_dir_make_tmp("vmmio-tls-XXXXXX", NULL);

    ck_assert_ptr_nonnull(dir);
    save_dh_params(dir);
    save(dir, "keys.psk", psk, strlen(psk));
    save_certificates(dir);
    return dir;
}

void tls_keys_remove(char *dir)
{
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(dir, files[i], NULL);

        g_unlink(path);
    }
    g_rmdir(dir);
    g_free(dir);
}
