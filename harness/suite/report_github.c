/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_github.h"

#include <errno.h>
#include <string.h>

#include "report_text.h"

typedef struct {
    VmbReporter base;
    FILE *out;
    char *token; /* ends what the runner passes over; NULL: it has ended */
} GithubReport;

gboolean vmb_report_github_wanted(void)
{
    return g_strcmp0(g_getenv("GITHUB_ACTIONS"), "true") == 0;
}

/* The directory that paths are seen from; nowhere when nobody says. */
static const char *workspace(void)
{
    const char *directory = g_getenv("GITHUB_WORKSPACE");

    return directory != NULL ? directory : "";
}

/* ---- What tests print ---- */

/*
 * The runner takes "::error" at the beginning of any line, behind blanks, and "##[error]" anywhere, for a
 * command of ours: a guest could forge annotations, or put an end to ours. Until it reads the token, which
 * no guest can guess, it takes nothing.
 */
static void begin(VmbReporter *reporter, const VmbRunOutcome *run)
{
    GithubReport *self = (GithubReport *)reporter;

    (void)run;
    self->token = g_uuid_string_random();
    fprintf(self->out, "::stop-commands::%s\n", self->token);
    fflush(self->out);
}

static void take_commands_again(GithubReport *self)
{
    if (self->token != NULL) {
        fprintf(self->out, "::%s::\n", self->token);
        fflush(self->out);
        g_clear_pointer(&self->token, g_free);
    }
}

/* ---- Annotations ---- */

/* Escape a command's message; in one of its properties `:` and `,` too. */
static char *escaped(const char *text, const char *characters)
{
    GString *result = g_string_new(NULL);

    for (; *text != '\0'; text++) {
        if (strchr(characters, *text) != NULL) {
            g_string_append_printf(result, "%%%02X", (guint8)*text);
        } else {
            g_string_append_c(result, *text);
        }
    }
    return g_string_free(result, FALSE);
}

static void print_property(const GithubReport *self, const char *name, const char *value)
{
    g_autofree char *line = vmb_report_line(value);
    g_autofree char *text = escaped(line, "%\r\n:,");

    fprintf(self->out, "%s%s", name, text);
}

static void annotate(const GithubReport *self, const VmbOutcome *outcome)
{
    const VmbResult *result = outcome->result;
    const char *path = result->file != NULL ? result->file : outcome->test->scenario->file;
    const char *verdict = vmb_result_verdict(result);
    g_autofree char *title = g_strdup_printf("%s: %s", outcome->test->id, verdict);
    g_autofree char *reason = vmb_result_failed(result) ? vmb_report_reason(result)
                                                        : g_strdup("it did not pass at once");
    g_autofree char *explanation = vmb_report_explanation(result, workspace());
    g_autofree char *message = g_strdup_printf("%s\n%s", reason, explanation);
    g_autofree char *text = escaped(g_strchomp(message), "%\r\n");

    print_property(self, vmb_result_failed(result) ? "::error file=" : "::warning file=",
                   vmb_report_relative(path, workspace()));
    fprintf(self->out, ",line=%u", MAX(result->line, 1));
    print_property(self, ",title=", title);
    fprintf(self->out, "::%s\n", text);
}

/* ---- The table ---- */

/* In Markdown nothing of it means anything. */
static char *plain(const char *text)
{
    g_autofree char *line = vmb_report_line(text);
    GString *result = g_string_new(NULL);

    for (const char *c = line; *c != '\0'; c++) {
        if (g_ascii_ispunct(*c) && strchr(".,:;/-()", *c) == NULL) {
            g_string_append_printf(result, "&#%u;", (guint8)*c);
        } else {
            g_string_append_c(result, *c);
        }
    }
    return g_string_free(result, FALSE);
}

static void append_row(GString *table, const VmbOutcome *outcome)
{
    const VmbResult *result = outcome->result;
    const VmbResult *why = vmb_result_is_flaky(result) && result->before != NULL ? result->before
                                                                                 : result;
    g_autofree char *id = plain(outcome->test->id);
    g_autofree char *message = plain(why->message != NULL ? why->message : "");
    g_autofree char *note = plain(result->note != NULL ? result->note : "");
    g_autofree char *place = vmb_report_place(why, workspace());
    g_autofree char *where = plain(place != NULL ? place : "");
    const char *bold = vmb_result_failed(result) || vmb_result_is_flaky(result) ? "**" : "";

    g_string_append_printf(table, "| %s | %s%s%s | %.2f | %s%s%s%s | %s |\n", id, bold,
                           vmb_result_verdict(result), bold, result->seconds, message,
                           message[0] != '\0' && note[0] != '\0' ? "; " : "",
                           note[0] != '\0' ? "note: " : "", note, where);
}

static char *summary(const VmbRunOutcome *run)
{
    GString *table = g_string_new(NULL);
    VmbCounts counts = vmb_run_outcome_count(run);
    g_autofree char *words = vmb_report_counts(&counts);

    g_string_append_printf(table, "### vmbench: %s in %.2f s\n\n"
                           "| test | verdict | seconds | message | where |\n"
                           "| --- | --- | ---: | --- | --- |\n", words, run->seconds);
    for (guint i = 0; i < run->outcomes->len; i++) {
        append_row(table, vmb_run_outcome_at(run, i));
    }
    g_string_append_c(table, '\n');
    return g_string_free(table, FALSE);
}

static gboolean append_summary(const VmbRunOutcome *run, GError **error)
{
    const char *path = g_getenv("GITHUB_STEP_SUMMARY");
    g_autofree char *text = summary(run);
    FILE *file;
    gboolean written;

    if (path == NULL || path[0] == '\0') {
        return TRUE;
    }
    file = fopen(path, "ae");
    written = file != NULL && fputs(text, file) >= 0;
    if (file != NULL && fclose(file) != 0) {
        written = FALSE;
    }
    if (!written) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot write the summary %s: %s: GITHUB_STEP_SUMMARY names it", path,
                    g_strerror(errno));
    }
    return written;
}

static gboolean end(VmbReporter *reporter, const VmbRunOutcome *run, GError **error)
{
    GithubReport *self = (GithubReport *)reporter;

    take_commands_again(self);
    for (guint i = 0; i < run->outcomes->len; i++) {
        const VmbOutcome *outcome = vmb_run_outcome_at(run, i);

        if (vmb_result_failed(outcome->result) || vmb_result_is_flaky(outcome->result)) {
            annotate(self, outcome);
        }
    }
    fflush(self->out);
    return append_summary(run, error);
}

static void github_free(VmbReporter *reporter)
{
    take_commands_again((GithubReport *)reporter);
    g_free(reporter);
}

static const VmbReporterCalls calls = {.begin = begin, .end = end, .free = github_free};

VmbReporter *vmb_report_github_new(FILE *out)
{
    GithubReport *self = g_new0(GithubReport, 1);

    self->base.calls = &calls;
    self->out = out;
    return &self->base;
}
