/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run_options.h"

#include "paths.h"
#include "report_file.h"
#include "run_logs.h"
#include "snapshot.h"

#define JOBS_MAX 64
#define COUNT_MAX 100000

void vmb_run_options_free(VmbRunOptions *options)
{
    g_clear_pointer(&options->cases, vmb_cases_free);
    g_clear_pointer(&options->settings, vmb_settings_free);
    g_free(options->junit);
    g_free(options->json);
    g_free(options->worker);
    g_free(options->snapshots);
    g_free(options);
}

/* As the command line gives them. */
typedef struct {
    char **directories, **patterns, **groups;
    char *shard;
    gint jobs, repeat, retries, keep_runs;
    gboolean without_kvm; /* whatever --accel says */
} Words;

static void words_clear(Words *words)
{
    g_strfreev(words->directories);
    g_strfreev(words->patterns);
    g_strfreev(words->groups);
    g_free(words->shard);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, words_clear)

static VmbSettings *parse(int argc, char **argv, const char *summary, const GOptionEntry *own,
                          VmbRunOptions *o, Words *w, GError **error)
{
    const GOptionEntry choosing[] = {
        {"dir", 'd', 0, G_OPTION_ARG_FILENAME_ARRAY, &w->directories,
         "Scenarios, each a directory with scenario.ini; again for more", "DIR"},
        {"group", 'g', 0, G_OPTION_ARG_STRING_ARRAY, &w->groups, "Only scenarios of this group", "G"},
        {"shard", 0, 0, G_OPTION_ARG_STRING, &w->shard, "Part I of N equal ones", "I/N"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &w->patterns, NULL,
         "[SCENARIO|GLOB...]"},
    };
    const GOptionEntry running[] = {
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &w->jobs, "Tests at a time (1)", "N"},
        {"repeat", 0, 0, G_OPTION_ARG_INT, &w->repeat, "Each test so many times", "N"},
        {"retry", 0, 0, G_OPTION_ARG_INT, &w->retries,
         "Try a failing test so often again: one that passes then is FLAKY", "N"},
        {"isolate", 0, 0, G_OPTION_ARG_NONE, &o->isolate, "A guest of its own for each test", NULL},
        {"cold", 0, 0, G_OPTION_ARG_NONE, &o->cold, "Boot: neither use nor save snapshots", NULL},
        {"tap", 0, 0, G_OPTION_ARG_NONE, &o->tap, "TAP on standard output", NULL},
        {"junit", 0, 0, G_OPTION_ARG_FILENAME, &o->junit, "Write JUnit XML", "FILE"},
        {"json", 0, 0, G_OPTION_ARG_FILENAME, &o->json, "Write all results", "FILE"},
        {"keep-runs", 0, 0, G_OPTION_ARG_INT, &w->keep_runs,
         "Directories of runs to keep in all (20), 0: each", "N"},
        {"keep-on-fail", 0, 0, G_OPTION_ARG_NONE, &o->keep_on_fail,
         "Stop at the first failure, with the guest paused to be looked at", NULL},
        {"gdb", 0, 0, G_OPTION_ARG_NONE, &o->gdb,
         "Wait for gdb before the guest starts; no time limits", NULL},
        {"worker", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &o->worker, NULL, NULL},
        {"worker-without-kvm", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &w->without_kvm, NULL, NULL},
    };
    g_autoptr(GArray) all = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));

    g_array_append_vals(all, choosing, G_N_ELEMENTS(choosing));
    if (own != NULL) {
        g_array_append_vals(all, own, 1);
    } else {
        g_array_append_vals(all, running, G_N_ELEMENTS(running));
    }
    return (own != NULL ? vmb_settings_parse_choice : vmb_settings_parse_scenarios)(
        argc, argv, summary, (const GOptionEntry *)all->data, error);
}

static gboolean check_number(const char *option, gint value, gint least, gint most, GError **error)
{
    if (value < least || value > most) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "%s %d: it is %d to %d", option, value, least,
                    most);
        return FALSE;
    }
    return TRUE;
}

/* The lines of the run are there, and a report among them is none. */
static gboolean check_report(const char *option, const char *file, GError **error)
{
    if (g_strcmp0(file, "-") == 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "%s -: standard output has the lines of the run: name a file", option);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_reports(const VmbRunOptions *options, GError **error)
{
    const char *junit = options->junit, *json = options->json;

    if (!check_report("--junit", junit, error) || !check_report("--json", json, error)) {
        return FALSE;
    }
    if (junit != NULL && json != NULL && vmb_report_file_is_same(junit, json)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "--junit %s and --json %s are one file: name another for one of them", junit, json);
        return FALSE;
    }
    return TRUE;
}

static gboolean parse_shard(const char *text, VmbSelection *selection, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text != NULL ? text : "1/1", "/", -1);
    guint64 shard = 0, shards = 0;

    if (g_strv_length(parts) != 2 ||
        !g_ascii_string_to_unsigned(parts[1], 10, 1, COUNT_MAX, &shards, NULL) ||
        !g_ascii_string_to_unsigned(parts[0], 10, 1, shards, &shard, NULL)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "--shard %s: write 1/3, 2/3 or 3/3 for three "
                    "parts", text);
        return FALSE;
    }
    selection->shard = (guint)shard;
    selection->shards = (guint)shards;
    return TRUE;
}

static gboolean take_words(VmbRunOptions *options, const Words *words, GError **error)
{
    static const char *const built_in[] = {VMB_SCENARIOS_DIR, NULL};
    VmbSelection selection = {
        .directories = words->directories != NULL ? (const char *const *)words->directories
                                                  : built_in,
        .patterns = (const char *const *)words->patterns,
        .groups = (const char *const *)words->groups,
        .machine = options->settings->machine,
        .repeat = (guint)words->repeat,
    };

    if (!check_number("--jobs", words->jobs, 1, JOBS_MAX, error) ||
        !check_number("--repeat", words->repeat, 1, COUNT_MAX, error) ||
        !check_number("--retry", words->retries, 0, COUNT_MAX, error) ||
        !check_number("--keep-runs", words->keep_runs, 0, COUNT_MAX, error) ||
        !parse_shard(words->shard, &selection, error)) {
        return FALSE;
    }
    options->jobs = (guint)words->jobs;
    options->retries = (guint)words->retries;
    options->keep_runs = (guint)words->keep_runs;
    if (options->keep_on_fail || options->gdb) {
        options->jobs = 1; /* a person can look at one guest */
        options->retries = 0;
        options->cold = TRUE; /* its sockets are no part of a snapshot */
    }
    options->cases = vmb_cases_find(&selection, error);
    return options->cases != NULL;
}

VmbRunOptions *vmb_run_options_parse(int argc, char **argv, const char *summary,
                                     const GOptionEntry *own, GError **error)
{
    g_autoptr(VmbRunOptions) options = g_new0(VmbRunOptions, 1);
    g_auto(Words) words = {.jobs = 1, .repeat = 1, .keep_runs = VMB_KEEP_RUNS};
    const VmbMachine *machines;
    gsize count;

    options->settings = parse(argc, argv, summary, own, options, &words, error);
    if (options->settings == NULL || !check_reports(options, error) ||
        (own == NULL && !vmb_settings_machines(options->settings, &machines, &count, error))) {
        return NULL;
    }
    if (words.without_kvm) {
        g_free(options->settings->accel);
        options->settings->accel = g_strdup("tcg");
    }
    if (!take_words(options, &words, error)) {
        return NULL;
    }
    options->snapshots = vmb_snapshot_directory();
    return g_steal_pointer(&options);
}
