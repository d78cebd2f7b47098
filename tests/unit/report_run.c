/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_run.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "paths.h"

/* What a guest may print: a terminal's commands, XML, TAP, GitHub's commands, Markdown, no UTF-8. */
#define HOSTILE_MESSAGE "bad \033[2J & <b> \"q\" ]]> \xff 100%, a\nb"
#define HOSTILE_DETAILS                                                                            \
    "a\001b\tc\r\n\xc3\xa9 \xef\xbf\xbe \xc2\x9b" "1m\n::error::x\n1..9\nok 1 # SKIP\n| `x` |"

static const struct {
    const char *scenario, *machine, *id;
    VmbResult result;
} tests[] = {
    {"memory", "raspi4b", "memory:raspi4b",
     {.seconds = 0.3125, .boot = 0.25, .restored = TRUE, .attempts = 1,
      .phases = {.prepare = 0.03125, .start = 0.125, .load = 0.0625, .agent = 0.03125},
      .logs = "/usr/logs/memory-raspi4b"}},
    {"memory", "x86", "memory:x86",
     {.status = VMB_ERROR_MISMATCH, .message = "line 18: expected ` 1: 0x0201`, got ` 1: 0x0202`",
      .details = "  line 18\n    -  1: 0x0201\n    +  1: 0x0202\n", .step = "compare",
      .file = "/usr/scenarios/memory/expected.txt", .line = 18, .seconds = 2.5, .boot = 1.75,
      .attempts = 1, .logs = "/usr/logs/memory-x86",
      .note = "the snapshot is damaged: booted instead"}},
    {"fast", "x86", "fast:x86",
     {.status = VMB_ERROR_SKIPPED, .message = "it needs KVM, and /dev/kvm is not there",
      .attempts = 1}},
    {"poke", "x86", "poke:x86",
     {.seconds = 1.5, .attempts = 2, .logs = "/usr/logs/poke-x86",
      .note = "not saved for later runs: <disk>"}},
    {"evil", "x86", "evil:x86",
     {.status = VMB_ERROR_PROGRAM_SIGNAL, .message = HOSTILE_MESSAGE, .details = HOSTILE_DETAILS,
      .step = "run\n1", .seconds = 0.125, .attempts = 1}},
    {"page", "x86", "page:x86",
     {.status = VMB_ERROR_QEMU_DIED, .message = "QEMU was killed by signal 9",
      .file = "/usr/scenarios/page/scenario.ini", .line = 7, .seconds = 0.75, .attempts = 1,
      .logs = "/usr/logs/page-x86"}},
    {"uart", "x86", "uart:x86#2", {.status = VMB_ERROR_INTERRUPTED, .attempts = 1}},
};

static void case_free(VmbCase *test)
{
    VmbScenario *scenario = (VmbScenario *)test->scenario;

    g_free(scenario->name);
    g_free(scenario->file);
    g_free(scenario);
    g_free(test->id);
    g_free(test);
}

static VmbCase *new_case(guint index)
{
    VmbScenario *scenario = g_new0(VmbScenario, 1);
    VmbCase *test = g_new0(VmbCase, 1);

    scenario->name = g_strdup(tests[index].scenario);
    scenario->file = g_strdup_printf("/usr/scenarios/%s/scenario.ini", tests[index].scenario);
    test->id = g_strdup(tests[index].id);
    test->machine = vmb_machine_find(tests[index].machine);
    test->scenario = scenario;
    ck_assert_ptr_nonnull(test->machine);
    return test;
}

VmbRunOutcome *report_run_new(void)
{
    g_autoptr(GPtrArray) cases = g_ptr_array_new();
    VmbRunOutcome *run;

    ck_assert_int_eq(chdir("/usr"), 0);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_ptr_array_add(cases, new_case(i));
    }
    run = vmb_run_outcome_new(cases, "/usr/logs");
    run->date = G_GINT64_CONSTANT(1772286306) * G_USEC_PER_SEC; /* 2026-02-28T13:45:06Z */
    return run;
}

void report_run_free(VmbRunOutcome *run)
{
    for (guint i = 0; i < run->outcomes->len; i++) {
        case_free((VmbCase *)vmb_run_outcome_at(run, i)->test);
    }
    vmb_run_outcome_free(run);
}

static VmbResult *copy(const VmbResult *from)
{
    VmbResult *result = vmb_result_new();

    *result = *from;
    result->message = g_strdup(from->message);
    result->details = g_strdup(from->details);
    result->step = g_strdup(from->step);
    result->file = g_strdup(from->file);
    result->logs = g_strdup(from->logs);
    result->note = g_strdup(from->note);
    return result;
}

/* The attempt before poke's second one. */
static VmbResult *first_attempt(void)
{
    VmbResult *result = vmb_result_new();

    result->status = VMB_ERROR_PROGRAM_TIMEOUT;
    result->message = g_strdup("/bin/poke did not end within 30 s");
    result->step = g_strdup("poke");
    result->file = g_strdup("/usr/scenarios/poke/scenario.ini");
    result->line = 12;
    result->logs = g_strdup("/usr/logs/poke-x86.1");
    return result;
}

void report_run_end_test(VmbRunOutcome *run, VmbReporter *reporter, guint index)
{
    VmbOutcome *outcome = vmb_run_outcome_at(run, index);

    outcome->result = copy(&tests[index].result);
    if (outcome->result->attempts > 1) {
        vmb_result_retried(outcome->result, first_attempt());
    }
    if (reporter->calls->ended != NULL) {
        reporter->calls->ended(reporter, run, index);
    }
}

gboolean report_run_tell(VmbRunOutcome *run, VmbReporter *reporter, GError **error)
{
    static const guint order[] = {0, 2, 1, 3, 5, 4};
    const guint last = G_N_ELEMENTS(order);

    g_autoptr(GPtrArray) reporters = g_ptr_array_new(); /* borrows it */

    g_ptr_array_add(reporters, reporter);
    vmb_reporters_begin(reporters, run);
    for (guint i = 0; i < last; i++) {
        vmb_run_outcome_at(run, order[i])->started = g_get_monotonic_time();
        vmb_reporters_started(reporters, run, order[i]);
    }
    vmb_reporters_note(reporters, run, -1, "/dev/kvm is not there:\nguests run slowly");
    vmb_reporters_note(reporters, run, 1, "the guest is booted again");
    for (guint i = 0; i < last; i++) {
        report_run_end_test(run, reporter, order[i]);
    }
    ck_assert(vmb_outcome_complete(vmb_run_outcome_at(run, last)));
    vmb_reporters_ended(reporters, run, last);
    run->seconds = 12.25; /* vmb_reporters_end() would look at the clock */
    return reporter->calls->end(reporter, run, error);
}

void report_run_compare(const char *got, const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("FIXTURES"), "reports", name, NULL);
    g_auto(GStrv) parts = g_strsplit(got, "\"" VMB_VERSION "\"", -1);
    g_autofree char *text = g_strjoinv("\"VERSION\"", parts);
    g_autofree char *expected = NULL;

    ck_assert_msg(g_file_get_contents(path, &expected, NULL, NULL), "no %s", path);
    ck_assert_str_eq(text, expected);
}
