/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_tap.h"

#include "report_text.h"

typedef struct {
    VmbReporter base;
    FILE *out;
    char *directory; /* the current one: paths are seen from here */
    guint next;      /* index of the first test that is not printed yet */
} TapReport;

/* One line in which no # begins a directive. */
static char *description(const char *text)
{
    g_autofree char *line = vmb_report_line(text);
    g_auto(GStrv) parts = g_strsplit(line, "#", -1);

    return g_strjoinv("\\#", parts);
}

static void print_comment(const TapReport *self, const char *text)
{
    g_autofree char *lines = vmb_report_indent(text, "# ");

    fputs(lines, self->out);
}

static void begin(VmbReporter *reporter, const VmbRunOutcome *run)
{
    TapReport *self = (TapReport *)reporter;

    fprintf(self->out, "TAP version 13\n1..%u%s\n", run->outcomes->len,
            run->outcomes->len == 0 ? " # SKIP there is nothing to run" : "");
    fflush(self->out);
}

static void note(VmbReporter *reporter, const VmbRunOutcome *run, gint index, const char *text)
{
    g_autofree char *line = vmb_report_line(text);
    g_autofree char *comment =
        index < 0 ? g_strdup(line)
                  : g_strdup_printf("%s: %s", vmb_run_outcome_at(run, (guint)index)->test->id, line);

    print_comment((TapReport *)reporter, comment);
    fflush(((TapReport *)reporter)->out);
}

static void print_test(const TapReport *self, guint number, const VmbOutcome *outcome)
{
    const VmbResult *result = outcome->result;
    gboolean failed = vmb_result_failed(result);
    g_autofree char *id = description(outcome->test->id);

    fprintf(self->out, "%s %u - %s", failed ? "not ok" : "ok", number, id);
    if (result->status == VMB_ERROR_SKIPPED) {
        g_autofree char *why = description(result->message != NULL ? result->message : "");

        fprintf(self->out, " # SKIP %s", why);
    } else if (vmb_result_is_flaky(result)) {
        fprintf(self->out, " # FLAKY passed at attempt %u", result->attempts);
    }
    fputc('\n', self->out);
    if (failed) {
        g_autofree char *reason = vmb_report_reason(result);

        print_comment(self, reason);
    }
    g_autofree char *explanation = vmb_report_explanation(result, self->directory);

    print_comment(self, explanation);
}

static void ended(VmbReporter *reporter, const VmbRunOutcome *run, guint index)
{
    TapReport *self = (TapReport *)reporter;

    (void)index;
    for (; self->next < run->outcomes->len; self->next++) {
        const VmbOutcome *outcome = vmb_run_outcome_at(run, self->next);

        if (outcome->result == NULL) {
            break;
        }
        print_test(self, self->next + 1, outcome);
    }
    fflush(self->out);
}

static gboolean end(VmbReporter *reporter, const VmbRunOutcome *run, GError **error)
{
    TapReport *self = (TapReport *)reporter;
    VmbCounts counts = vmb_run_outcome_count(run);
    g_autofree char *text = vmb_report_counts(&counts);

    fprintf(self->out, "# %s in %.2f s\n", text, run->seconds);
    if (fflush(self->out) != 0 || ferror(self->out)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "the TAP output is not whole: it cannot be "
                    "written");
        return FALSE;
    }
    return TRUE;
}

static void tap_free(VmbReporter *reporter)
{
    g_free(((TapReport *)reporter)->directory);
    g_free(reporter);
}

static const VmbReporterCalls calls = {
    .begin = begin, .note = note, .ended = ended, .end = end, .free = tap_free,
};

VmbReporter *vmb_report_tap_new(FILE *out)
{
    TapReport *self = g_new0(TapReport, 1);

    self->base.calls = &calls;
    self->out = out;
    self->directory = g_get_current_dir();
    return &self->base;
}
