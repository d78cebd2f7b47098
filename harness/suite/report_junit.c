/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_junit.h"

#include <stdarg.h>

#include "paths.h"
#include "report_file.h"
#include "report_text.h"

typedef struct {
    VmbReporter base;
    char *path;
    char *directory; /* the current one: paths are seen from here */
} JunitReport;

/* Append text whose values are escaped for XML; they are printable ones. */
static void append(GString *xml, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void append(GString *xml, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    g_autofree char *text = g_markup_vprintf_escaped(format, values);
    va_end(values);
    g_string_append(xml, text);
}

/* Seconds with a point, whatever the locale. Free with g_free(). */
static char *seconds_text(double seconds)
{
    return g_ascii_formatd(g_malloc(G_ASCII_DTOSTR_BUF_SIZE), G_ASCII_DTOSTR_BUF_SIZE, "%.3f",
                           seconds);
}

/* The verdict is about what was tested, not about the bench. */
static gboolean is_wrong_result(const VmbResult *result)
{
    switch (result->status) {
    case VMB_ERROR_MISMATCH:
    case VMB_ERROR_PANIC:
    case VMB_ERROR_HANDLER_DIED:
    case VMB_ERROR_NO_CLAIM:
    case VMB_ERROR_PROGRAM_FAILED:
    case VMB_ERROR_PROGRAM_TIMEOUT:
    case VMB_ERROR_PROTOCOL:
    case VMB_ERROR_PROGRAM_SIGNAL:
    case VMB_ERROR_OOPS:
    case VMB_ERROR_KERNEL_HANG:
    case VMB_ERROR_RESET:
        return TRUE;
    default:
        return FALSE;
    }
}

/* ---- A test ---- */

static void append_problem(const JunitReport *self, GString *xml, const VmbResult *result)
{
    const char *element = is_wrong_result(result) ? "failure" : "error";
    g_autofree char *message = vmb_report_line(result->message != NULL ? result->message : "");
    g_autofree char *explanation = vmb_report_explanation(result, self->directory);

    append(xml, "      <%s type=\"%s\" message=\"%s\">%s</%s>\n", element,
           vmb_verdict_name(result->status), message, explanation, element);
}

/* What surefire calls attempts before a pass, and before a failure; the first one first. */
static void append_attempts(const JunitReport *self, GString *xml, const VmbResult *before,
                            const char *element)
{
    if (before == NULL) {
        return;
    }
    g_autofree char *message = vmb_report_line(before->message != NULL ? before->message : "");
    g_autofree char *explanation = vmb_report_explanation(before, self->directory);

    append_attempts(self, xml, before->before, element);
    append(xml, "      <%s type=\"%s\" message=\"%s\"><stackTrace>%s</stackTrace></%s>\n", element,
           vmb_verdict_name(before->status), message, explanation, element);
}

/* The note of a test that failed is in the text of its failure. */
static void append_output(GString *xml, const VmbResult *result)
{
    g_autofree char *note =
        result->note != NULL && !vmb_result_failed(result) ? vmb_report_line(result->note) : NULL;
    g_autofree char *logs = result->logs != NULL ? vmb_report_line(result->logs) : NULL;

    if (note != NULL || logs != NULL) {
        append(xml, "      <system-out>%s%s%s%s%s</system-out>\n", note != NULL ? "note: " : "",
               note != NULL ? note : "", note != NULL && logs != NULL ? "\n" : "",
               logs != NULL ? "logs: " : "", logs != NULL ? logs : "");
    }
}

static void append_children(const JunitReport *self, GString *xml, const VmbResult *result)
{
    gboolean failed = vmb_result_failed(result);

    if (result->attempts > 1) {
        append(xml, "      <properties>\n"
               "        <property name=\"verdict\" value=\"%s\"/>\n"
               "        <property name=\"attempts\" value=\"%u\"/>\n"
               "      </properties>\n", vmb_result_verdict(result), result->attempts);
    }
    if (failed) {
        append_problem(self, xml, result);
    } else if (result->status == VMB_ERROR_SKIPPED) {
        g_autofree char *why = vmb_report_line(result->message != NULL ? result->message : "");

        append(xml, "      <skipped message=\"%s\"/>\n", why);
    }
    append_attempts(self, xml, result->before, failed ? "rerunFailure" : "flakyFailure");
    append_output(xml, result);
}

static void append_test(const JunitReport *self, GString *xml, const VmbOutcome *outcome)
{
    const VmbResult *result = outcome->result;
    const char *path = result->file != NULL ? result->file : outcome->test->scenario->file;
    g_autofree char *file = vmb_report_line(vmb_report_relative(path, self->directory));
    g_autofree char *name = vmb_report_line(outcome->test->id);
    g_autofree char *seconds = seconds_text(result->seconds);

    append(xml, "    <testcase classname=\"vmbench.%s\" name=\"%s\" time=\"%s\" file=\"%s\" "
           "line=\"%u\">\n", outcome->test->machine->name, name, seconds, file,
           MAX(result->line, 1));
    append_children(self, xml, result);
    append(xml, "    </testcase>\n");
}

/* ---- Suites: a machine each ---- */

typedef struct {
    guint tests, failures, errors, skipped;
    double seconds;
} Totals;

static gboolean is_on(const VmbOutcome *outcome, const VmbMachine *machine)
{
    return machine == NULL || outcome->test->machine == machine;
}

/* `machine` may be NULL: all. */
static Totals total(const VmbRunOutcome *run, const VmbMachine *machine)
{
    Totals totals = {0};

    for (guint i = 0; i < run->outcomes->len; i++) {
        const VmbOutcome *outcome = vmb_run_outcome_at(run, i);
        const VmbResult *result = outcome->result;

        if (is_on(outcome, machine)) {
            totals.tests++;
            totals.failures += is_wrong_result(result);
            totals.errors += vmb_result_failed(result) && !is_wrong_result(result);
            totals.skipped += result->status == VMB_ERROR_SKIPPED;
            totals.seconds += result->seconds;
        }
    }
    return totals;
}

static void append_totals(GString *xml, const Totals *totals, double seconds)
{
    g_autofree char *time = seconds_text(seconds);

    append(xml, "tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%s\"",
           totals->tests, totals->failures, totals->errors, totals->skipped, time);
}

static void append_suite(const JunitReport *self, GString *xml, const VmbRunOutcome *run,
                         const VmbMachine *machine)
{
    Totals totals = total(run, machine);
    g_autofree char *date = vmb_report_date(run->date);

    append(xml, "  <testsuite name=\"%s\" ", machine->name);
    append_totals(xml, &totals, totals.seconds);
    append(xml, " timestamp=\"%s\">\n"
           "    <properties>\n"
           "      <property name=\"vmbench\" value=\"%s\"/>\n"
           "    </properties>\n", date, VMB_VERSION);
    for (guint i = 0; i < run->outcomes->len; i++) {
        const VmbOutcome *outcome = vmb_run_outcome_at(run, i);

        if (is_on(outcome, machine)) {
            append_test(self, xml, outcome);
        }
    }
    append(xml, "  </testsuite>\n");
}

static gboolean end(VmbReporter *reporter, const VmbRunOutcome *run, GError **error)
{
    const JunitReport *self = (JunitReport *)reporter;
    g_autoptr(GString) xml = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    g_autoptr(GPtrArray) machines = g_ptr_array_new();
    Totals totals = total(run, NULL);

    append(xml, "<testsuites name=\"vmbench\" ");
    append_totals(xml, &totals, run->seconds);
    append(xml, ">\n");
    for (guint i = 0; i < run->outcomes->len; i++) {
        const VmbMachine *machine = vmb_run_outcome_at(run, i)->test->machine;

        if (!g_ptr_array_find(machines, machine, NULL)) {
            g_ptr_array_add(machines, (gpointer)machine);
            append_suite(self, xml, run, machine);
        }
    }
    append(xml, "</testsuites>\n");
    return vmb_report_file_write(self->path, xml->str, error);
}

static void junit_free(VmbReporter *reporter)
{
    JunitReport *self = (JunitReport *)reporter;

    g_free(self->path);
    g_free(self->directory);
    g_free(self);
}

static const VmbReporterCalls calls = {.end = end, .free = junit_free};

VmbReporter *vmb_report_junit_new(const char *path, GError **error)
{
    if (!vmb_report_file_prepare(path, error)) {
        return NULL;
    }
    JunitReport *self = g_new0(JunitReport, 1);

    self->base.calls = &calls;
    self->path = g_strdup(path);
    self->directory = g_get_current_dir();
    return &self->base;
}
