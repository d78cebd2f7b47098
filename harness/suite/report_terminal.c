/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_terminal.h"

#include <sys/ioctl.h>

#include "report_text.h"
#include "terminal.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"

/* Most running tests that are shown, and most columns that the names of tests are aligned to. */
#define LIVE_MAX 8
#define ID_MAX 40

typedef struct {
    VmbReporter base;
    FILE *out;
    gboolean live;
    gboolean colour;
    char *directory; /* the current one: paths are seen from here */
    int id_width;
    guint drawn; /* lines at the bottom of the screen that go away */
} TerminalReport;

/* ---- Lines that stay ---- */

/* The word that begins a test's line, and its colour. */
static const char *word(const VmbResult *result, const char **colour)
{
    if (vmb_result_failed(result)) {
        *colour = RED;
        return "FAIL";
    }
    if (vmb_result_is_flaky(result)) {
        *colour = YELLOW;
        return "FLAKY";
    }
    *colour = result->status == VMB_ERROR_SKIPPED ? YELLOW : GREEN;
    return result->status == VMB_ERROR_SKIPPED ? "skip" : "ok";
}

static void append_coloured(const TerminalReport *self, GString *text, const char *colour,
                            const char *what)
{
    g_string_append_printf(text, "%s%s%s", self->colour ? colour : "", what,
                           self->colour ? "\033[0m" : "");
}

/* Where its guest came from; nothing when it was there before. */
static void append_guest(GString *text, const VmbResult *result)
{
    if (result->boot > 0) {
        g_string_append_printf(text, "  %s in %.2f s", result->restored ? "restored" : "booted",
                               result->boot);
    } else if (result->restored) {
        g_string_append(text, "  restored");
    }
}

static void append_result(const TerminalReport *self, GString *text, const VmbOutcome *outcome)
{
    const VmbResult *result = outcome->result;
    const char *colour;
    const char *begin = word(result, &colour);
    g_autofree char *id = vmb_report_line(outcome->test->id);
    g_autofree char *explanation = vmb_report_explanation(result, self->directory);
    g_autofree char *indented = vmb_report_indent(explanation, "      ");
    g_autofree char *padded = g_strdup_printf("%-5s", begin);

    append_coloured(self, text, colour, padded);
    g_string_append_printf(text, " %-*s %7.2f s", self->id_width, id, result->seconds);
    append_guest(text, result);
    if (result->status != 0) {
        g_autofree char *reason = vmb_report_reason(result);

        g_string_append_printf(text, "\n      %s", reason);
    }
    g_string_append_printf(text, "\n%s", indented);
}

/* ---- Lines at the bottom ---- */

static double seconds_since(gint64 moment)
{
    return (double)(g_get_monotonic_time() - moment) / G_USEC_PER_SEC;
}

/* A line that is not wider than the terminal: one that wraps could not be taken back. */
static void append_live_line(TerminalReport *self, GString *text, guint columns, const char *line)
{
    const char *end = line;

    for (guint i = 1; i < columns && *end != '\0'; i++) {
        end = g_utf8_next_char(end);
    }
    g_string_append_len(text, line, end - line);
    g_string_append_c(text, '\n');
    self->drawn++;
}

static void append_running(TerminalReport *self, GString *text, const struct winsize *size,
                           const VmbRunOutcome *run)
{
    guint most = size->ws_row > 2 ? MIN(LIVE_MAX, size->ws_row - 2u) : 1;
    guint running = 0;

    for (guint i = 0; i < run->outcomes->len; i++) {
        const VmbOutcome *outcome = vmb_run_outcome_at(run, i);

        if (outcome->started == 0 || outcome->result != NULL || running++ >= most) {
            continue;
        }
        g_autofree char *id = vmb_report_line(outcome->test->id);
        g_autofree char *line = g_strdup_printf("  ... %-*s %7.0f s", self->id_width, id,
                                                seconds_since(outcome->started));

        append_live_line(self, text, size->ws_col, line);
    }
}

static void append_live(TerminalReport *self, GString *text, const VmbRunOutcome *run)
{
    VmbCounts counts = vmb_run_outcome_count(run);
    guint done = counts.passed + counts.failed + counts.flaky + counts.skipped;
    g_autofree char *line = g_strdup_printf("%u of %u, %u failed, %.0f s", done,
                                            run->outcomes->len, counts.failed,
                                            seconds_since(run->begin));
    struct winsize size = {0};

    if (ioctl(fileno(self->out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    }
    append_running(self, text, &size, run);
    append_live_line(self, text, size.ws_col, line);
}

/* Print `stays` above the lines at the bottom, which say what is true now. At once: no flicker. */
static void print(TerminalReport *self, const VmbRunOutcome *run, const char *stays)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (self->drawn > 0) {
        g_string_append_printf(text, "\033[%uA\r\033[J", self->drawn);
        self->drawn = 0;
    }
    g_string_append(text, stays);
    if (self->live && run != NULL) {
        append_live(self, text, run);
    }
    fwrite(text->str, 1, text->len, self->out);
    fflush(self->out);
}

/* ---- Calls ---- */

static void begin(VmbReporter *reporter, const VmbRunOutcome *run)
{
    TerminalReport *self = (TerminalReport *)reporter;

    for (guint i = 0; i < run->outcomes->len; i++) {
        glong width = g_utf8_strlen(vmb_run_outcome_at(run, i)->test->id, -1);

        self->id_width = MAX(self->id_width, (int)MIN(width, ID_MAX));
    }
}

static void started(VmbReporter *reporter, const VmbRunOutcome *run, guint index)
{
    (void)index;
    print((TerminalReport *)reporter, run, "");
}

static void note(VmbReporter *reporter, const VmbRunOutcome *run, gint index, const char *text)
{
    const char *id = index >= 0 ? vmb_run_outcome_at(run, (guint)index)->test->id : "";
    g_autofree char *all = g_strconcat(id, index >= 0 ? ": " : "", text, NULL);
    g_autofree char *line = vmb_report_line(all);
    g_autofree char *stays = g_strdup_printf("note: %s\n", line);

    print((TerminalReport *)reporter, run, stays);
}

static void ended(VmbReporter *reporter, const VmbRunOutcome *run, guint index)
{
    TerminalReport *self = (TerminalReport *)reporter;
    g_autoptr(GString) text = g_string_new(NULL);

    append_result(self, text, vmb_run_outcome_at(run, index));
    print(self, run, text->str);
}

static void tick(VmbReporter *reporter, const VmbRunOutcome *run)
{
    TerminalReport *self = (TerminalReport *)reporter;

    if (self->live) {
        print(self, run, "");
    }
}

static void append_failures(const TerminalReport *self, GString *text, const VmbRunOutcome *run)
{
    for (guint i = 0; i < run->outcomes->len; i++) {
        const VmbOutcome *outcome = vmb_run_outcome_at(run, i);

        if (!vmb_result_failed(outcome->result)) {
            continue;
        }
        g_autofree char *id = vmb_report_line(outcome->test->id);
        g_autofree char *reason = vmb_report_reason(outcome->result);
        g_autofree char *place = vmb_report_place(outcome->result, self->directory);

        append_coloured(self, text, RED, "FAIL ");
        g_string_append_printf(text, " %-*s  %s%s%s%s\n", self->id_width, id, reason,
                               place != NULL ? " (" : "", place != NULL ? place : "",
                               place != NULL ? ")" : "");
    }
}

static gboolean end(VmbReporter *reporter, const VmbRunOutcome *run, GError **error)
{
    TerminalReport *self = (TerminalReport *)reporter;
    VmbCounts counts = vmb_run_outcome_count(run);
    g_autofree char *words = vmb_report_counts(&counts);
    g_autofree char *line = g_strdup_printf("%s in %.2f s", words, run->seconds);
    g_autoptr(GString) text = g_string_new("\n");

    append_failures(self, text, run);
    append_coloured(self, text, counts.failed > 0 ? RED : counts.flaky > 0 ? YELLOW : GREEN, line);
    g_string_append_c(text, '\n');
    print(self, NULL, text->str);
    if (ferror(self->out)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "the output is not whole: it cannot be "
                    "written");
        return FALSE;
    }
    return TRUE;
}

static void terminal_free(VmbReporter *reporter)
{
    TerminalReport *self = (TerminalReport *)reporter;

    print(self, NULL, "");
    g_free(self->directory);
    g_free(self);
}

static const VmbReporterCalls calls = {
    .begin = begin, .started = started, .note = note, .ended = ended, .tick = tick, .end = end,
    .free = terminal_free,
};

VmbReporter *vmb_report_terminal_new(FILE *out)
{
    TerminalReport *self = g_new0(TerminalReport, 1);

    self->base.calls = &calls;
    self->out = out;
    self->live = vmb_terminal_is_live(fileno(out));
    self->colour = vmb_terminal_has_colour(fileno(out));
    self->directory = g_get_current_dir();
    return &self->base;
}
