/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes: read, written, expected. */
#include "handle.h"

#include <string.h>

#include "guest_access.h"
#include "hex_diff.h"

/* Rows of 16 bytes that are shown of a difference. */
#define ROWS_MOST 16

static GBytes *read_bytes(Vmbench *bench, const VmbAccess *access, gboolean *bus_error,
                          GError **error)
{
    GByteArray *bytes =
        vmb_guest_read(vmb_guest_agent(bench->guest), access, bench->ms, bus_error, error);

    return bytes != NULL ? g_byte_array_free_to_bytes(bytes) : NULL;
}

GBytes *vmbench_read(Vmbench *bench, guint64 address, guint width, gsize len, GError **error)
{
    const VmbAccess access = {address, width, len};
    gboolean bus_error;

    return read_bytes(bench, &access, &bus_error, error);
}

gboolean vmbench_write(Vmbench *bench, guint64 address, guint width, const void *bytes, gsize len,
                       GError **error)
{
    const VmbAccess access = {address, width, len};
    gboolean bus_error;

    return vmb_guest_write(vmb_guest_agent(bench->guest), &access, bytes, bench->ms, &bus_error,
                           error);
}

/* FALSE: a mismatch, of `what`. */
static gboolean compare(GBytes *got, const char *what, const void *expected, gsize len,
                        GError **error)
{
    gsize got_len;
    const char *got_bytes = g_bytes_get_data(got, &got_len);

    if (got_len == len && (len == 0 || memcmp(got_bytes, expected, len) == 0)) {
        return TRUE;
    }
    GString *a = g_string_new_len(expected, (gssize)len);
    GString *b = g_string_new_len(got_bytes, (gssize)got_len);
    g_autofree char *diff = vmb_hex_diff(a, b, ROWS_MOST);

    g_string_free(a, TRUE);
    g_string_free(b, TRUE);
    g_set_error(error, VMB_ERROR, VMB_ERROR_MISMATCH, "%s: %zu bytes differ from the %zu expected "
                "(-)\n%s", what, got_len, len, diff);
    return FALSE;
}

gboolean vmbench_compare(GBytes *got, const void *expected, gsize len, GError **error)
{
    return compare(got, "output", expected, len, error);
}

gboolean vmbench_compare_file(GBytes *got, const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;
    gsize len;

    if (!g_file_get_contents(path, &text, &len, &cause)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s: name the file of what is expected",
                    cause->message);
        return FALSE;
    }
    return compare(got, path, text, len, error);
}

gboolean vmbench_expect_bytes(Vmbench *bench, guint64 address, guint width, const void *bytes,
                              gsize len, GError **error)
{
    g_autoptr(GBytes) got = vmbench_read(bench, address, width, len, error);
    g_autofree char *what = g_strdup_printf("memory at 0x%" G_GINT64_MODIFIER "x", address);

    return got != NULL && compare(got, what, bytes, len, error);
}

/* An access to x86's bus cannot fail: a read that does brings all ones. */
static gboolean is_bus_error(const Vmbench *bench, GBytes *got)
{
    static const guint8 ones[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    gsize len;
    gconstpointer bytes = g_bytes_get_data(got, &len);

    return bench->config->machine->bus_error_reads_ones && memcmp(bytes, ones, len) == 0;
}

gboolean vmbench_expect_bus_error(Vmbench *bench, guint64 address, guint width, GError **error)
{
    const VmbAccess access = {address, width, width};
    g_autoptr(GError) cause = NULL;
    gboolean bus_error = FALSE;
    g_autoptr(GBytes) got = read_bytes(bench, &access, &bus_error, &cause);

    if (bus_error || (got != NULL && is_bus_error(bench, got))) {
        return TRUE;
    }
    if (got == NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
    } else {
        g_set_error(error, VMB_ERROR, VMB_ERROR_MISMATCH, "no bus error at 0x%" G_GINT64_MODIFIER
                    "x: the access went well", address);
    }
    return FALSE;
}
