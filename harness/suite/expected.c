/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "expected.h"

#include <string.h>

#include "expect.h"
#include "hex_diff.h"
#include "patterns.h"

#define LINES_MOST 16
#define ROWS_MOST 8

/* What is expected, and where it is written. */
typedef struct {
    GString *bytes;
    char *file;
    guint first_line; /* of the file: where the bytes begin */
    gboolean patterns;
} Fixture;

static void fixture_clear(Fixture *fixture)
{
    if (fixture->bytes != NULL) {
        g_string_free(fixture->bytes, TRUE);
    }
    g_free(fixture->file);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static gboolean check_patterns(const Fixture *fixture, GError **error)
{
    g_autoptr(GError) cause = NULL;
    guint line = 0;

    if (!fixture->patterns || vmb_patterns_check(fixture->bytes, &line, &cause)) {
        return TRUE;
    }
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s:%u: %s", fixture->file, line,
                cause->message);
    return FALSE;
}

static gboolean read_fixture(const VmbExpected *expected, const VmbScenario *scenario,
                             const VmbMachine *machine, Fixture *fixture, GError **error)
{
    const char *name = expected->file != NULL ? expected->file : expected->patterns;
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;
    gsize len;

    if (name == NULL) {
        fixture->bytes = g_string_new(expected->text);
        fixture->file = g_strdup(scenario->file);
        fixture->first_line = expected->line;
        return TRUE;
    }
    fixture->file = vmb_scenario_path(scenario, machine, name);
    fixture->first_line = 1;
    fixture->patterns = expected->patterns != NULL;
    if (!g_file_get_contents(fixture->file, &text, &len, &cause)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s:%u: %s", scenario->file, expected->line,
                    cause->message);
        return FALSE;
    }
    fixture->bytes = g_string_new_len(text, (gssize)len);
    return check_patterns(fixture, error);
}

/* Lines that people can compare, and then the bytes, as a line can hide what differs. */
static char *make_details(const Fixture *fixture, const VmbComparison *comparison,
                          const GString *got)
{
    g_autofree char *lines = vmb_comparison_diff(comparison, NULL, LINES_MOST);
    g_autofree char *rows = fixture->patterns ? g_strdup("")
                                              : vmb_hex_diff(fixture->bytes, got, ROWS_MOST);

    return g_strdup_printf("  - expected (%s), + got\n%s%s", fixture->file, lines, rows);
}

static void fail(const Fixture *fixture, const VmbComparison *comparison, const char *what,
                 const GString *got, VmbResult *result, GError **error)
{
    const VmbDifference *first = g_ptr_array_index(comparison->differences, 0);
    g_autofree char *text = vmb_difference_text(first, NULL);
    gboolean is_file = fixture->first_line == 1;

    g_free(result->details);
    g_free(result->file);
    result->details = make_details(fixture, comparison, got);
    result->file = g_strdup(fixture->file);
    result->line = is_file ? MIN(first->line, MAX(comparison->expected_lines, 1))
                           : fixture->first_line;
    g_set_error(error, VMB_ERROR, VMB_ERROR_MISMATCH, "%s: %s", what, text);
}

gboolean vmb_expected_compare(const VmbExpected *expected, const VmbScenario *scenario,
                              const VmbMachine *machine, const char *what, const GString *got,
                              VmbResult *result, GError **error)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(VmbComparison) comparison = NULL;

    if (expected->line == 0) {
        return TRUE;
    }
    if (!read_fixture(expected, scenario, machine, &fixture, error)) {
        return FALSE;
    }
    comparison = fixture.patterns ? vmb_compare_by(fixture.bytes, got, vmb_patterns_match)
                                  : vmb_compare(fixture.bytes, got);
    if (comparison->differences->len > 0) {
        fail(&fixture, comparison, what, got, result, error);
        return FALSE;
    }
    return TRUE;
}

gboolean vmb_expected_size(const VmbExpected *expected, const VmbScenario *scenario,
                           const VmbMachine *machine, VmbExpectedSize *size, GError **error)
{
    g_auto(Fixture) fixture = {0};
    const GString *bytes;

    *size = (VmbExpectedSize){0};
    if (expected->line == 0) {
        return TRUE;
    }
    if (!read_fixture(expected, scenario, machine, &fixture, error)) {
        return FALSE;
    }
    bytes = fixture.bytes;
    for (const char *at = bytes->str; at < bytes->str + bytes->len; at++) {
        size->lines += *at == '\n';
    }
    size->bytes = fixture.patterns ? 0 : bytes->len;
    size->open_end = fixture.patterns && bytes->len > 0 && bytes->str[bytes->len - 1] != '\n';
    return TRUE;
}

gboolean vmb_expected_is_met(const VmbExpected *expected, const VmbScenario *scenario,
                             const VmbMachine *machine, const GString *got)
{
    g_autoptr(VmbResult) unsaid = vmb_result_new();

    return vmb_expected_compare(expected, scenario, machine, "", got, unsaid, NULL);
}
