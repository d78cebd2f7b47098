/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot_seal.h"

#include "snapshot_copy.h"
#include "snapshot_hash.h"

#define GROUP "snapshot"
/* Of snapshot.ini and of what lies beside it. */
#define VERSION 1

/* Another one after each start of the host. */
static char *boot_id(void)
{
    char *text = NULL;

    if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &text, NULL, NULL)) {
        return g_strdup("");
    }
    return g_strchomp(text);
}

static char *seal(const char *key, const char *nonce, const char *ram, const char *boot,
                  GBytes *state)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *head = g_strdup_printf("%d\n%s\n%s\n%s\n%s\n", VERSION, key, nonce, ram, boot);
    gsize len;
    const guint8 *bytes = g_bytes_get_data(state, &len);

    g_checksum_update(sum, (const guint8 *)head, -1);
    g_checksum_update(sum, bytes, (gssize)len);
    return g_strdup(g_checksum_get_string(sum));
}

char *vmb_seal_text(const char *key, int ram, GBytes *state, guint64 nonce)
{
    g_autoptr(GKeyFile) ini = g_key_file_new();
    g_autofree char *nonce_text = g_strdup_printf("%016" G_GINT64_MODIFIER "x", nonce);
    g_autofree char *ram_text = vmb_file_identity(ram);
    g_autofree char *boot = boot_id();
    g_autofree char *seal_text = seal(key, nonce_text, ram_text, boot, state);

    g_key_file_set_integer(ini, GROUP, "version", VERSION);
    g_key_file_set_string(ini, GROUP, "nonce", nonce_text);
    g_key_file_set_string(ini, GROUP, "ram", ram_text);
    g_key_file_set_string(ini, GROUP, "boot", boot);
    g_key_file_set_string(ini, GROUP, "seal", seal_text);
    return g_key_file_to_data(ini, NULL, NULL);
}

static gboolean fail(const char *problem, GError **error)
{
    g_set_error_literal(error, VMB_ERROR, VMB_ERROR_SETUP, problem);
    return FALSE;
}

static GKeyFile *load(int fd)
{
    g_autoptr(GBytes) bytes = fd >= 0 ? vmb_read_all(fd, NULL) : NULL;
    g_autoptr(GKeyFile) ini = g_key_file_new();

    if (bytes == NULL || !g_key_file_load_from_bytes(ini, bytes, G_KEY_FILE_NONE, NULL)) {
        return NULL;
    }
    return g_steal_pointer(&ini);
}

static gboolean check_ram(GKeyFile *ini, int ram, GError **error)
{
    g_autofree char *told = g_key_file_get_string(ini, GROUP, "ram", NULL);
    g_autofree char *found = ram >= 0 ? vmb_file_identity(ram) : NULL;
    g_autofree char *boot_then = g_key_file_get_string(ini, GROUP, "boot", NULL);
    g_autofree char *boot_now = boot_id();

    if (found == NULL) {
        return fail("the snapshot is damaged: its RAM is missing", error);
    }
    if (g_strcmp0(told, found) != 0) {
        return fail("the snapshot is damaged: its RAM was changed or copied", error);
    }
    if (g_strcmp0(boot_then, boot_now) != 0) {
        return fail("the host was restarted since the snapshot was made", error);
    }
    return TRUE;
}

static gboolean check_seal(GKeyFile *ini, const char *key, int state, GError **error)
{
    g_autofree char *nonce = g_key_file_get_string(ini, GROUP, "nonce", NULL);
    g_autofree char *ram = g_key_file_get_string(ini, GROUP, "ram", NULL);
    g_autofree char *boot = g_key_file_get_string(ini, GROUP, "boot", NULL);
    g_autofree char *told = g_key_file_get_string(ini, GROUP, "seal", NULL);
    g_autoptr(GBytes) bytes = state >= 0 ? vmb_read_all(state, NULL) : NULL;
    g_autofree char *found = bytes != NULL && nonce != NULL ? seal(key, nonce, ram, boot, bytes)
                                                            : NULL;

    if (found == NULL || g_strcmp0(told, found) != 0) {
        return fail("the snapshot is damaged: its state or snapshot.ini was changed", error);
    }
    return TRUE;
}

gboolean vmb_seal_check(int ini_fd, const char *key, int ram, int state, guint64 *nonce,
                        GError **error)
{
    g_autoptr(GKeyFile) ini = load(ini_fd);
    g_autofree char *nonce_text = NULL;

    if (ini == NULL) {
        return fail("the snapshot is damaged: snapshot.ini cannot be read", error);
    }
    if (g_key_file_get_integer(ini, GROUP, "version", NULL) != VERSION) {
        return fail("the snapshot was made by another version of vmbench", error);
    }
    if (!check_ram(ini, ram, error) || !check_seal(ini, key, state, error)) {
        return FALSE;
    }
    nonce_text = g_key_file_get_string(ini, GROUP, "nonce", NULL);
    *nonce = g_ascii_strtoull(nonce_text, NULL, 16);
    return TRUE;
}
