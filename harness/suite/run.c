/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench run: scenarios on their machines, a verdict for each. */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "disk.h"
#include "files.h"
#include "kvm.h"
#include "report_github.h"
#include "report_json.h"
#include "report_junit.h"
#include "report_tap.h"
#include "report_terminal.h"
#include "run_logs.h"
#include "scheduler.h"
#include "worker.h"

static const char summary[] =
    "Run scenarios: boot their machine, or restore it from a snapshot, run their programs inside and\n"
    "outside, compare. Without names all of them are run. Exit status 0: all as expected.";

/* ---- Reporters ---- */

static GPtrArray *make_reporters(const VmbRunOptions *options, GError **error)
{
    GPtrArray *reporters = vmb_reporters_new();
    VmbReporter *made[] = {
        options->tap ? vmb_report_tap_new(stdout) : vmb_report_terminal_new(stdout),
        vmb_report_github_wanted() ? vmb_report_github_new(options->tap ? stderr : stdout) : NULL,
        options->junit != NULL ? vmb_report_junit_new(options->junit, error) : NULL,
        NULL,
    };
    gboolean ok = options->junit == NULL || made[2] != NULL;

    if (ok && options->json != NULL) {
        made[3] = vmb_report_json_new(options->json, error);
        ok = made[3] != NULL;
    }
    for (guint i = 0; i < G_N_ELEMENTS(made); i++) {
        if (made[i] != NULL) {
            g_ptr_array_add(reporters, made[i]);
        }
    }
    if (!ok) {
        g_clear_pointer(&reporters, g_ptr_array_unref);
    }
    return reporters;
}

/* ---- The run ---- */

/* What a worker is started with: this command line, and which run it works for. */
static char **worker_argv(char **argv, const char *logs, gboolean without_kvm)
{
    GPtrArray *words = g_ptr_array_new();

    g_ptr_array_add(words, g_file_read_link("/proc/self/exe", NULL));
    for (; *argv != NULL; argv++) {
        g_ptr_array_add(words, g_strdup(*argv));
    }
    /* At the front: what is behind the user's `--` is no option. */
    g_ptr_array_insert(words, 2, g_strdup_printf("--worker=%s", logs));
    if (without_kvm) {
        g_ptr_array_insert(words, 2, g_strdup("--worker-without-kvm"));
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

/* TRUE when KVM would be used if there were any; it is said once, and not by each worker. */
static gboolean lacks_kvm(const VmbRunOptions *options, const VmbRunOutcome *run,
                          const GPtrArray *reporters)
{
    g_autofree char *why = NULL;
    g_autofree char *note = NULL;
    gboolean wanted = FALSE;

    for (guint i = 0; i < run->outcomes->len; i++) {
        wanted = wanted || vmb_run_outcome_at(run, i)->test->machine->can_use_kvm;
    }
    if (!wanted || g_str_equal(options->settings->accel, "tcg") || vmb_kvm_is_usable(&why)) {
        return FALSE;
    }
    note = g_strdup_printf("no KVM (%s): going on with TCG", why);
    vmb_reporters_note(reporters, run, -1, note);
    return TRUE;
}

/* So that qemu-device/prepare does not take a build for unused; one of the user's own has no such file. */
static void note_use(const char *qemu_dir)
{
    g_autofree char *path = g_build_filename(qemu_dir, "build.json", NULL);

    if (utimensat(AT_FDCWD, path, NULL, 0) != 0) {
        g_debug("%s: %s", path, g_strerror(errno));
    }
}

static int run_cases(const VmbRunOptions *options, char **argv, GError **error)
{
    g_autoptr(VmbRunLogs) logs =
        vmb_run_logs_new(options->settings->logs, options->keep_runs, error);
    g_autoptr(VmbAlarm) alarm = vmb_alarm_new(1.0);
    g_autoptr(GPtrArray) reporters =
        logs != NULL && vmb_disk_check(logs->path, error) ? make_reporters(options, error) : NULL;
    gboolean ran;
    int status;

    if (reporters == NULL) {
        return (*error)->code;
    }
    g_autoptr(VmbRunOutcome) run = vmb_run_outcome_new(options->cases->cases, logs->path);
    g_auto(GStrv) worker = NULL;

    note_use(options->settings->qemu_dir);
    vmb_alarm_watch_signals(alarm);
    vmb_reporters_begin(reporters, run);
    worker = worker_argv(argv, logs->path, lacks_kvm(options, run, reporters));
    ran = vmb_scheduler_run(options, (const char *const *)worker, run, reporters, alarm, error);
    status = ran ? vmb_run_outcome_status(run) : VMB_ERROR_SETUP;
    if (!vmb_reporters_end(reporters, run, ran ? error : NULL)) {
        status = status != 0 ? status : VMB_ERROR_SETUP;
    }
    return vmb_alarm_signal(alarm) != 0 ? 128 + vmb_alarm_signal(alarm) : status;
}

int vmb_run_main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = g_strdupv(argv);
    g_autoptr(VmbRunOptions) options = vmb_run_options_parse(argc, argv, summary, NULL, &error);
    int status;

    if (options == NULL) {
        return vmb_fail(error, NULL);
    }
    if (options->worker != NULL) {
        return vmb_worker_main(options);
    }
    if (options->cases->cases->len == 0) {
        fprintf(stderr, "vmbench: nothing to run: this shard is empty\n");
    }
    status = run_cases(options, words, &error);
    if (error != NULL) {
        vmb_fail(error, NULL);
    }
    return status;
}
