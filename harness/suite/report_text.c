/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_text.h"

#include <string.h>

/* Neither a control character, old or new, nor one of the two that are none at all. */
static gboolean is_harmless(gunichar c)
{
    return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && (c & 0xfffe) != 0xfffe;
}

static char *printable(const char *text, gboolean one_line)
{
    GString *result = g_string_new(NULL);
    const char *end = text + strlen(text);

    while (text < end) {
        gunichar c = g_utf8_get_char_validated(text, end - text);
        gboolean is_character = c < 0x110000; /* else (gunichar)-1 or -2 */
        const char *next = is_character ? g_utf8_next_char(text) : text + 1;

        if (*text == '\n' || *text == '\t') {
            g_string_append(result, !one_line ? (*text == '\n' ? "\n" : "\t")
                                              : (*text == '\n' ? "\\n" : "\\t"));
        } else if (is_character && is_harmless(c)) {
            g_string_append_len(result, text, next - text);
        } else {
            for (; text < next; text++) {
                g_string_append_printf(result, "\\%03o", (guint8)*text);
            }
        }
        text = next;
    }
    return g_string_free(result, FALSE);
}

char *vmb_report_printable(const char *text)
{
    return printable(text, FALSE);
}

char *vmb_report_line(const char *text)
{
    return printable(text, TRUE);
}

const char *vmb_report_relative(const char *path, const char *base)
{
    gsize len = strlen(base);

    while (len > 0 && base[len - 1] == '/') {
        len--;
    }
    return len > 0 && strncmp(path, base, len) == 0 && path[len] == '/' ? path + len + 1 : path;
}

char *vmb_report_place(const VmbResult *result, const char *base)
{
    if (result->file == NULL) {
        return NULL;
    }
    g_autofree char *file = vmb_report_line(vmb_report_relative(result->file, base));

    return result->line != 0 ? g_strdup_printf("%s:%u", file, result->line)
                             : g_steal_pointer(&file);
}

char *vmb_report_reason(const VmbResult *result)
{
    g_autofree char *message = vmb_report_line(result->message != NULL ? result->message : "");

    return g_strdup_printf("%s%s%s", vmb_verdict_name(result->status),
                           message[0] != '\0' ? ": " : "", message);
}

/* The earlier attempts, the first one first. */
static void append_attempts(GString *text, const VmbResult *before)
{
    if (before == NULL) {
        return;
    }
    g_autofree char *reason = vmb_report_reason(before);

    append_attempts(text, before->before);
    g_string_append_printf(text, "attempt %u: %s\n", before->attempts, reason);
}

static void append_place(GString *text, const VmbResult *result, const char *base)
{
    g_autofree char *place = vmb_report_place(result, base);
    g_autofree char *step = result->step != NULL ? vmb_report_line(result->step) : NULL;

    if (step != NULL) {
        g_string_append_printf(text, "step %s%s%s\n", step, place != NULL ? ", " : "",
                               place != NULL ? place : "");
    } else if (place != NULL) {
        g_string_append_printf(text, "%s\n", place);
    }
}

char *vmb_report_explanation(const VmbResult *result, const char *base)
{
    GString *text = g_string_new(NULL);

    append_attempts(text, result->before);
    append_place(text, result, base);
    if (result->details != NULL) {
        g_autofree char *details = vmb_report_printable(result->details);

        g_string_append(text, details);
        if (details[0] != '\0' && !g_str_has_suffix(details, "\n")) {
            g_string_append_c(text, '\n');
        }
    }
    if (result->note != NULL) {
        g_autofree char *note = vmb_report_line(result->note);

        g_string_append_printf(text, "note: %s\n", note);
    }
    if (result->logs != NULL && (vmb_result_failed(result) || result->attempts > 1)) {
        g_autofree char *logs = vmb_report_line(vmb_report_relative(result->logs, base));

        g_string_append_printf(text, "logs: %s\n", logs);
    }
    return g_string_free(text, FALSE);
}

char *vmb_report_indent(const char *text, const char *prefix)
{
    GString *result = g_string_new(NULL);

    while (*text != '\0') {
        const char *end = strchrnul(text, '\n');

        g_string_append_printf(result, "%s%.*s\n", prefix, (int)(end - text), text);
        text = *end != '\0' ? end + 1 : end;
    }
    return g_string_free(result, FALSE);
}

char *vmb_report_date(gint64 date)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(date / G_USEC_PER_SEC);

    return g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
}

char *vmb_report_counts(const VmbCounts *counts)
{
    return g_strdup_printf("%u passed, %u failed, %u flaky, %u skipped", counts->passed,
                           counts->failed, counts->flaky, counts->skipped);
}
