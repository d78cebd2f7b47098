/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case_run.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include "additions.h"
#include "bundle.h"
#include "case_end.h"
#include "case_step.h"
#include "files.h"
#include "kvm.h"
#include "snapshot.h"
#include "timed_log.h"

/* How long a death may take to be seen behind a wrong byte that it caused. */
#define DEATH_MS 200

/* ---- Guests beside the tested one ---- */

/* The tested one's machine, unless it has one of its own. */
static const VmbMachine *machine_of(const VmbCaseRun *run, const VmbScenarioGuest *guest)
{
    return guest->machine != NULL ? guest->machine : run->test->machine;
}

static VmbGuest *start_guest(VmbCaseRun *run, const VmbScenarioGuest *what, GError **error)
{
    static char *no_devices[] = {NULL};
    const VmbMachine *machine = machine_of(run, what);
    g_autofree char *logs = g_build_filename(run->logs, what->name, NULL);
    VmbGuestConfig *config =
        vmb_settings_guest_with(run->options->settings, machine, what->network);

    config->devices = g_strdupv(no_devices);
    g_ptr_array_add(run->configs, config);
    if (g_mkdir_with_parents(logs, 0755) != 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "cannot make the directory %s: %s", logs,
                    g_strerror(errno));
        return NULL;
    }
    return vmb_guest_boot(config, logs, vmb_testbed_alarm(run->bed), error);
}

static gboolean start_guests(VmbCaseRun *run, GError **error)
{
    const GPtrArray *wanted = run->test->scenario->guests;

    for (guint i = 0; i < wanted->len; i++) {
        VmbGuest *guest = start_guest(run, g_ptr_array_index(wanted, i), error);

        if (guest == NULL) {
            return FALSE;
        }
        g_ptr_array_add(run->guests, guest);
    }
    return TRUE;
}

/* ---- Steps ---- */

static gboolean end_pause(gpointer over)
{
    *(gboolean *)over = TRUE;
    return G_SOURCE_REMOVE;
}

static gboolean is_over(gpointer over)
{
    return *(gboolean *)over;
}

/*
 * A wrong byte can be the first sign of a death that the event loop has not been told of yet: that is
 * the better verdict. The pause is no timeout, and is not scaled: with --gdb it would last minutes.
 */
static void prefer_death(VmbAlarm *alarm, GError **error)
{
    VmbLimit none = {0, VMB_ERROR_MISMATCH, ""};
    gboolean over = FALSE;
    guint timer = g_timeout_add(DEATH_MS, end_pause, &over);

    if (vmb_alarm_error(alarm) == NULL) {
        vmb_wait(alarm, is_over, &over, none, NULL);
    }
    if (!over) {
        g_source_remove(timer);
    }
    if (vmb_alarm_error(alarm) != NULL) {
        g_clear_error(error);
        *error = g_error_copy(vmb_alarm_error(alarm));
    }
}

static gboolean run_steps(VmbCaseRun *run, GError **error)
{
    const GPtrArray *steps = run->test->scenario->steps;

    for (guint i = 0; i < steps->len; i++) {
        const VmbStep *step = g_ptr_array_index(steps, i);

        if (!vmb_case_step(run, i, error)) {
            prefer_death(vmb_testbed_alarm(run->bed), error);
            run->result->step = g_strdup(step->name);
            if (run->result->file == NULL) {
                run->result->file = g_strdup(run->test->scenario->file);
                run->result->line = step->line;
            }
            return FALSE;
        }
    }
    return TRUE;
}

gboolean vmb_case_check_conduct(const VmbCaseRun *run, const VmbScenarioRange *unclaimed,
                                GError **error)
{
    const VmbScenario *scenario = run->test->scenario;

    for (guint i = 0; i < run->guests->len; i++) {
        const VmbScenarioGuest *what = g_ptr_array_index(scenario->guests, i);

        if (!vmb_conduct_check_line(g_ptr_array_index(run->guests, i), machine_of(run, what), error)) {
            g_prefix_error(error, "guest %s: ", what->name);
            return FALSE;
        }
    }
    return vmb_conduct_check(vmb_testbed_guest(run->bed), scenario, run->test->machine, run->conduct,
                             unclaimed, error);
}

/* A death explains what is found behind the last step, too. */
static gboolean end_case(VmbCaseRun *run, GError **error)
{
    if (vmb_case_end(run, error)) {
        return TRUE;
    }
    prefer_death(vmb_testbed_alarm(run->bed), error);
    return FALSE;
}

/* Earlier tests' guest may be this one's, too. */
static goffset qemu_log_size(const VmbCaseRun *run)
{
    g_autofree char *path = g_build_filename(vmb_testbed_logs(run->bed), "qemu.log", NULL);
    GStatBuf info;

    return g_stat(path, &info) == 0 ? info.st_size : 0;
}

/* In the guest that is there. */
static gboolean run_in_guest(VmbCaseRun *run, GError **error)
{
    g_autofree char *console_path = g_build_filename(run->logs, "console.log", NULL);
    VmbConsole *console = vmb_guest_console(vmb_testbed_guest(run->bed));
    g_autofree char *accesses = g_build_filename(run->logs, VMB_BUNDLE_ACCESSES, NULL);
    g_autofree char *streams = g_build_filename(run->logs, "streams.log", NULL);
    gint64 start = g_get_monotonic_time();
    g_autoptr(VmbTimedLog) log = vmb_timed_log_new(console_path, start, error);
    gboolean ok;

    run->streams = log != NULL ? vmb_stream_log_new(streams, start, error) : NULL;
    if (run->streams == NULL) {
        return FALSE;
    }
    run->transcript = vmb_transcript_begin(vmb_testbed_guest(run->bed), accesses, error);
    run->conduct = run->transcript != NULL
                       ? vmb_conduct_begin(vmb_testbed_guest(run->bed), run->test->scenario, error)
                       : NULL;
    if (run->conduct == NULL) {
        return FALSE;
    }
    run->begin = g_get_real_time();
    run->qemu_said = qemu_log_size(run);
    vmb_console_set_tap(console, vmb_timed_log_take, log);
    ok = start_guests(run, error) && run_steps(run, error) && end_case(run, error);
    vmb_console_set_tap(console, NULL, NULL);
    if (!vmb_timed_log_is_whole(log)) {
        vmb_bundle_lost(run, "console.log cannot be written");
    }
    return ok;
}

/* ---- The whole ---- */

static void free_program(gpointer program)
{
    g_clear_pointer((VmbProgram **)&program, vmb_program_free);
}

static void free_handler(gpointer handler)
{
    g_clear_pointer((VmbHandler **)&handler, vmb_handler_free);
}

static void make_room(VmbCaseRun *run)
{
    const VmbScenario *scenario = run->test->scenario;

    run->programs = g_ptr_array_new_full(scenario->steps->len, free_program);
    run->handlers = g_ptr_array_new_full(scenario->handlers->len, free_handler);
    run->guests = g_ptr_array_new_with_free_func((GDestroyNotify)vmb_guest_free);
    run->configs = g_ptr_array_new_with_free_func((GDestroyNotify)vmb_guest_config_free);
    run->starts = g_new0(guint, scenario->handlers->len + 1);
    run->stopped = g_new0(gboolean, scenario->handlers->len + 1);
    run->outputs = g_new0(const VmbStep *, scenario->handlers->len + 1);
    g_ptr_array_set_size(run->programs, (gint)scenario->steps->len);
    g_ptr_array_set_size(run->handlers, (gint)scenario->handlers->len);
}

static void clear_room(VmbCaseRun *run)
{
    g_ptr_array_unref(run->programs);
    g_ptr_array_unref(run->handlers);
    g_ptr_array_unref(run->guests);
    g_ptr_array_unref(run->configs);
    g_free(run->starts);
    g_free(run->stopped);
    g_free(run->lost);
    g_free(run->outputs);
    g_clear_pointer(&run->conduct, vmb_conduct_free);
    g_clear_pointer(&run->transcript, vmb_transcript_free);
    g_clear_pointer(&run->streams, vmb_stream_log_free); /* after those who write to it */
}

/* What the host has is not to be had with --accel tcg. */
static gboolean check_kvm(const VmbCaseRun *run, GError **error)
{
    const VmbMachine *machine = run->test->machine;
    g_autofree char *why = NULL;

    if (!machine->can_use_kvm) {
        why = g_strdup("the machine's CPU is not the host's");
    } else if (g_str_equal(run->options->settings->accel, "tcg")) {
        why = g_strdup("--accel tcg leaves it alone");
    } else if (vmb_kvm_is_usable(&why)) {
        return TRUE;
    }
    g_set_error(error, VMB_ERROR, VMB_ERROR_SKIPPED, "it needs KVM: %s", why);
    return FALSE;
}

static gboolean check_setup(const VmbCaseRun *run, GError **error)
{
    if (run->test->scenario->needs_kvm && !check_kvm(run, error)) {
        return FALSE;
    }
    if (!vmb_scenario_check(run->test->scenario, run->test->machine, error)) {
        return FALSE;
    }
    if (g_mkdir_with_parents(run->logs, 0755) != 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot make the directory %s: %s: choose another with --logs", run->logs,
                    g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

/* What the user does not want to look at: a test that was skipped or cut short. */
static void hold(const VmbCaseRun *run, const GError *error)
{
    g_autofree char *console = g_build_filename(run->logs, "console.log", NULL);

    if (run->options->keep_on_fail &&
        !g_error_matches(error, VMB_ERROR, VMB_ERROR_INTERRUPTED)) {
        fprintf(stderr, "%s failed: %s\n", run->test->id, error->message);
        vmb_testbed_hold(run->bed, console);
    }
}

/* What can follow from a handler or a program that breaks rules. A guest or QEMU that dies must not. */
static gboolean can_be_misconduct(const GError *error)
{
    static const gint codes[] = {VMB_ERROR_MISMATCH,       VMB_ERROR_HANDLER_DIED,
                                 VMB_ERROR_NO_CLAIM,       VMB_ERROR_PROGRAM_FAILED,
                                 VMB_ERROR_PROGRAM_SIGNAL, VMB_ERROR_PROGRAM_TIMEOUT};

    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (g_error_matches(error, VMB_ERROR, codes[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Who sends what he must not explains what came of it. */
static void blame_misconduct(const VmbCaseRun *run, GError **error)
{
    g_autoptr(GError) blame = NULL;
    gboolean in_vain = g_error_matches(*error, VMB_ERROR, VMB_ERROR_NO_CLAIM);

    if (run->conduct == NULL || !can_be_misconduct(*error) ||
        vmb_case_check_conduct(run, in_vain ? run->awaited : NULL, &blame) ||
        !g_error_matches(blame, VMB_ERROR, VMB_ERROR_PROTOCOL)) {
        return;
    }
    g_autofree char *both = g_strdup_printf("%s; then: %s", blame->message, (*error)->message);

    g_clear_error(error);
    g_set_error_literal(error, VMB_ERROR, VMB_ERROR_PROTOCOL, both);
}

/* A QEMU that died or is silent does not, and a user who ends the run does not wait for it. */
static gboolean can_tell_more(const GError *error)
{
    return !g_error_matches(error, VMB_ERROR, VMB_ERROR_INTERRUPTED) &&
           !g_error_matches(error, VMB_ERROR, VMB_ERROR_QEMU_DIED);
}

/* FALSE: it failed, and what is left of it is written down. */
static gboolean judge(VmbCaseRun *run)
{
    g_autoptr(GError) error = NULL;
    gboolean ready = check_setup(run, &error);

    if (ready && vmb_testbed_prepare(run->bed, run->test, run->result, &error) &&
        run_in_guest(run, &error)) {
        return TRUE;
    }
    if (can_tell_more(error)) {
        vmb_testbed_calm(run->bed);
        blame_misconduct(run, &error);
    }
    vmb_result_fail(run->result, error);
    if (ready) {
        vmb_bundle_write(run, error);
        hold(run, error);
        run->result->logs = g_strdup(run->logs);
    }
    return FALSE;
}

VmbResult *vmb_case_run(const VmbRunOptions *options, VmbTestbed *bed, const VmbCase *test,
                        const char *logs)
{
    gint64 start = g_get_monotonic_time();
    VmbCaseRun run = {
        .options = options, .bed = bed, .test = test, .result = vmb_result_new(), .logs = logs,
    };

    gboolean passed;

    make_room(&run);
    passed = judge(&run);
    clear_room(&run);
    if (passed) {
        vmb_remove_tree(logs);
    }
    if (!passed || options->isolate || test->scenario->isolate) {
        vmb_testbed_discard(bed); /* nobody is to find what this one has left */
    }
    run.result->seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    return run.result;
}
