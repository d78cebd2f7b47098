/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest_access.h"

#include "guest_program.h"

/* The program in the guest: guest-rootfs/pkg/vmmio-io. */
#define PROGRAM "vmmio-io"
#define EXIT_BUS_ERROR 3

/* Bytes of a write that fit into one command line. */
#define WRITE_BYTES 64

gboolean vmb_access_check(const VmbAccess *access, GError **error)
{
    gboolean is_width = access->width == 1 || access->width == 2 || access->width == 4 ||
                        access->width == 8;

    if (is_width && access->address % access->width == 0 && access->len % access->width == 0 &&
        access->len > 0 && access->len <= VMB_ACCESS_MAX) {
        return TRUE;
    }
    g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                "%zu bytes at 0x%" G_GINT64_MODIFIER "x by accesses of %u: a width is 1, 2, 4 or "
                "8, address and bytes are multiples of it, and there are 1 to %d bytes",
                access->len, access->address, access->width, VMB_ACCESS_MAX);
    return FALSE;
}

/* Run the program with `words` behind address and width. NULL: its failure as an error. */
static VmbProgramResult *run(VmbAgentLink *link, const VmbAccess *access, const char *verb,
                             const GPtrArray *words, guint ms, gboolean *bus_error, GError **error)
{
    g_autofree char *address = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", access->address);
    g_autofree char *width = g_strdup_printf("%u", access->width);
    const char *argv[WRITE_BYTES + 5] = {PROGRAM, verb, address, width};
    g_autoptr(VmbProgramResult) result = NULL;

    for (guint i = 0; i < words->len; i++) {
        argv[4 + i] = g_ptr_array_index(words, i);
    }
    result = vmb_agent_link_run(link, argv, ms, error);
    *bus_error = result != NULL && result->exited && result->value == EXIT_BUS_ERROR;
    if (*bus_error) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_SIGNAL, "%s: a SIGBUS in the guest",
                    g_strchomp(result->err->str));
        return NULL;
    }
    return result != NULL && vmb_program_result_check(result, PROGRAM, 0, error)
               ? g_steal_pointer(&result) : NULL;
}

/* "aa bb\n" as bytes. NULL: it is something else. */
static GByteArray *parse(const char *text, gsize len)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    for (; g_ascii_isxdigit(text[0]) && g_ascii_isxdigit(text[1]); text += 3) {
        guint8 byte = (guint8)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));

        g_byte_array_append(bytes, &byte, 1);
        if (text[2] != ' ') {
            break; /* the line ends here */
        }
    }
    return bytes->len == len ? g_steal_pointer(&bytes) : NULL;
}

GByteArray *vmb_guest_read(VmbAgentLink *link, const VmbAccess *access, guint ms,
                           gboolean *bus_error, GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(VmbProgramResult) result = NULL;
    GByteArray *bytes = NULL;

    *bus_error = FALSE;
    if (!vmb_access_check(access, error)) {
        return NULL;
    }
    g_ptr_array_add(words, g_strdup_printf("%zu", access->len / access->width));
    result = run(link, access, "read", words, ms, bus_error, error);
    if (result != NULL) {
        bytes = parse(result->out->str, access->len);
        if (bytes == NULL) {
            g_set_error(error, VMB_ERROR, VMB_ERROR_PROTOCOL,
                        PROGRAM " in the guest printed no bytes: rebuild the guest image");
        }
    }
    return bytes;
}

static gboolean write_some(VmbAgentLink *link, const VmbAccess *access, const guint8 *bytes,
                           guint ms, gboolean *bus_error, GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(VmbProgramResult) result = NULL;

    for (gsize i = 0; i < access->len; i++) {
        g_ptr_array_add(words, g_strdup_printf("%02x", bytes[i]));
    }
    result = run(link, access, "write", words, ms, bus_error, error);
    return result != NULL;
}

gboolean vmb_guest_write(VmbAgentLink *link, const VmbAccess *access, const guint8 *bytes, guint ms,
                         gboolean *bus_error, GError **error)
{
    *bus_error = FALSE;
    if (!vmb_access_check(access, error)) {
        return FALSE;
    }
    for (gsize done = 0; done < access->len; done += WRITE_BYTES) {
        const VmbAccess part = {access->address + done, access->width,
                                MIN(access->len - done, WRITE_BYTES)};

        if (!write_some(link, &part, bytes + done, ms, bus_error, error)) {
            return FALSE;
        }
    }
    return TRUE;
}
