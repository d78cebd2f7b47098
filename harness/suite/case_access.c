/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case_access.h"

#include <string.h>

/* The program in the guest that makes single accesses: guest-rootfs/pkg/vmmio-io. */
#define IO_PROGRAM "vmmio-io"
#define IO_BUS_ERROR 3

/* The bytes as vmmio-io prints them. */
static char *hex_text(const GByteArray *bytes)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < bytes->len; i++) {
        g_string_append_printf(text, "%s%02x", i > 0 ? " " : "", bytes->data[i]);
    }
    return g_string_free(text, FALSE);
}

static VmbProgramResult *run_io(VmbCaseRun *run, const VmbStep *step, const char *verb,
                                const char *const *more, GError **error)
{
    g_autofree char *address = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", step->address);
    g_autofree char *width = g_strdup_printf("%u", step->width);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    g_ptr_array_add(argv, (gpointer)IO_PROGRAM);
    g_ptr_array_add(argv, (gpointer)verb);
    g_ptr_array_add(argv, address);
    g_ptr_array_add(argv, width);
    for (; more != NULL && *more != NULL; more++) {
        g_ptr_array_add(argv, (gpointer)*more);
    }
    g_ptr_array_add(argv, NULL);
    return vmb_agent_link_run(vmb_guest_agent(vmb_testbed_guest(run->bed)),
                              (const char *const *)argv->pdata, step->ms, error);
}

gboolean vmb_case_bytes(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    g_autofree char *count = g_strdup_printf("%u", step->bytes->len / step->width);
    const char *const more[] = {count, NULL};
    g_autoptr(VmbProgramResult) result = run_io(run, step, "read", more, error);
    g_autofree char *expected = hex_text(step->bytes);

    if (result == NULL || !vmb_program_result_check(result, IO_PROGRAM, 0, error)) {
        return FALSE;
    }
    g_strchomp(result->out->str);
    if (g_str_equal(expected, result->out->str)) {
        return TRUE;
    }
    run->result->details = g_strdup_printf("    - %s\n    + %s\n", expected, result->out->str);
    g_set_error(error, VMB_ERROR, VMB_ERROR_MISMATCH,
                "bytes at 0x%" G_GINT64_MODIFIER "x: expected %s, got %s", step->address, expected,
                result->out->str);
    return FALSE;
}

/* An access to x86's bus cannot fail: a read that does brings all ones. */
static gboolean is_all_ones(const VmbCaseRun *run, const VmbProgramResult *result, guint width)
{
    gboolean ones = run->test->machine->bus_error_reads_ones && result->exited &&
                    result->value == 0;

    for (guint i = 0; i < width; i++) {
        ones = ones && g_str_has_prefix(result->out->str + MIN(3 * i, result->out->len), "ff");
    }
    return ones;
}

gboolean vmb_case_bus_error(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    g_autofree char *bytes = step->bytes != NULL ? hex_text(step->bytes) : NULL;
    g_auto(GStrv) words = bytes != NULL ? g_strsplit(bytes, " ", -1) : NULL;
    g_autoptr(VmbProgramResult) result = run_io(run, step, bytes != NULL ? "write" : "read",
                                                (const char *const *)words, error);

    if (result == NULL) {
        return FALSE;
    }
    if ((result->exited && result->value == IO_BUS_ERROR) ||
        is_all_ones(run, result, step->width)) {
        return TRUE;
    }
    if (!vmb_program_result_check(result, IO_PROGRAM, 0, error)) {
        return FALSE;
    }
    g_strchomp(result->out->str);
    g_set_error(error, VMB_ERROR, VMB_ERROR_MISMATCH,
                "no bus error at 0x%" G_GINT64_MODIFIER "x: the access went well%s%s", step->address,
                result->out->len > 0 ? " and read " : "", result->out->str);
    return FALSE;
}
