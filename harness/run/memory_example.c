/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory_example.h"

#include "expect.h"
#include "guest.h"
#include "handler.h"
#include "memory_table.h"
#include "program.h"

/* Generous: a slow host takes its time, while deaths and panics do not wait for these. */
#define BOOT_MS 60000
#define INSIDE_MS 30000
#define CLAIM_MS 5000
#define LOG_MS 2000

#define DEATH_MS 200

#define DIFF_MOST 16

static const char *const inside_argv[] = {"vmmio-test-inside", NULL};

static GString *read_fixture(const VmbRun *run, const char *name, char **path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;
    gsize len;

    *path = g_build_filename(run->settings->fixtures, "memory", name, NULL);
    if (!g_file_get_contents(*path, &text, &len, &cause)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "%s: give the directory of the expected outputs with --fixtures",
                    cause->message);
        return NULL;
    }
    return g_string_new_len(text, (gssize)len);
}

/* What the diff was made from, for a closer look. */
static void keep_output(const VmbRun *run, const char *name, const GString *got)
{
    g_autofree char *path = g_build_filename(run->log_dir, name, NULL);

    /* The comparison is the verdict: a copy that cannot be written does not change it. */
    g_file_set_contents_full(path, got->str, (gssize)got->len, G_FILE_SET_CONTENTS_NONE, 0644,
                             NULL);
}

static gboolean never(gpointer data)
{
    (void)data;
    return FALSE;
}

/*
 * Wrong bytes can be the first sign of a death that the event loop has not been told of yet.
 * TRUE, with that error, when there was one: it is the better verdict.
 */
static gboolean died_meanwhile(const VmbRun *run, GError **error)
{
    VmbLimit limit = {DEATH_MS, VMB_ERROR_MISMATCH, "all are alive"};
    g_autoptr(GError) cause = NULL;

    vmb_wait(run->alarm, never, NULL, limit, &cause);
    if (vmb_alarm_error(run->alarm) == NULL) {
        return FALSE;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return TRUE;
}

/* Show what differs. The error is VMB_ERROR_MISMATCH, with the first line that does. */
static void report_mismatch(const VmbRun *run, const VmbComparison *comparison, const char *path,
                            VmbLinePlace place, GError **error)
{
    g_autofree char *first =
        vmb_difference_text(g_ptr_array_index(comparison->differences, 0), place);
    g_autofree char *diff = vmb_comparison_diff(comparison, place, DIFF_MOST);

    vmb_report_done(run->report, "%u %s: - expected (%s), + got", comparison->differences->len,
                    comparison->differences->len == 1 ? "line differs" : "lines differ", path);
    vmb_report_text(run->report, diff);
    g_set_error(error, VMB_ERROR, VMB_ERROR_MISMATCH,
                "%s: %s: find out which side is wrong, or correct the fixture", path, first);
}

/* Compare with the fixture and end the step that is open. FALSE: a mismatch, or what caused it. */
static gboolean compare(const VmbRun *run, const GString *got, const char *fixture,
                        VmbLinePlace place, GError **error)
{
    g_autofree char *path = NULL;
    g_autoptr(GString) expected = read_fixture(run, fixture, &path, error);

    if (expected == NULL) {
        return FALSE;
    }
    keep_output(run, fixture, got);

    g_autoptr(VmbComparison) comparison = vmb_compare(expected, got);

    if (comparison->differences->len == 0) {
        vmb_report_done(run->report, "%u lines as expected", comparison->got_lines);
        return TRUE;
    }
    if (!died_meanwhile(run, error)) {
        report_mismatch(run, comparison, path, place, error);
    }
    return FALSE;
}

static VmbGuest *boot(const VmbRun *run, const VmbGuestConfig *config, GError **error)
{
    g_autoptr(VmbGuest) guest = NULL;

    vmb_report_log_command(run->report, config);
    vmb_report_step(run->report, "boot", "boot");
    guest = vmb_guest_start(config, run->log_dir, run->alarm, error);
    if (guest == NULL || vmb_guest_endpoint(guest, error) == NULL ||
        !vmb_agent_link_wait_ready(vmb_guest_agent(guest), BOOT_MS, error)) {
        return NULL;
    }
    vmb_report_done(run->report, "vMMIO endpoint %s", vmb_guest_endpoint(guest, error));
    return g_steal_pointer(&guest);
}

/* The inside program's output, compared; NULL on any error. Free with g_free(). */
static char *run_inside(const VmbRun *run, VmbGuest *guest, const char *fixture, GError **error)
{
    g_autoptr(VmbProgramResult) result =
        vmb_program_run(vmb_guest_agent(guest), inside_argv, INSIDE_MS, error);

    if (result == NULL ||
        !compare(run, result->out, fixture, vmb_memory_inside_place, error)) {
        return NULL;
    }
    return g_strdup(result->out->str);
}

static VmbHandler *start_handler(const VmbRun *run, VmbGuest *guest, GError **error)
{
    const char *endpoint = vmb_guest_endpoint(guest, error);

    vmb_report_step(run->report, "claim", "handler claims the range");
    g_autoptr(VmbHandler) handler = vmb_handler_start(run->settings->handler, endpoint,
                                                      run->log_dir, run->alarm, error);

    if (handler == NULL || !vmb_guest_wait_claim(guest, CLAIM_MS, error)) {
        return NULL;
    }
    vmb_report_done(run->report, "%s", "");
    return g_steal_pointer(&handler);
}

static gboolean check_handler_log(const VmbRun *run, VmbHandler *handler, GError **error)
{
    vmb_report_step(run->report, "outside", "handler's log");
    if (!vmb_handler_wait_lines(handler, VMB_MEMORY_OUTSIDE_LINES, LOG_MS, error) ||
        !vmb_handler_stop(handler, error)) {
        return FALSE;
    }
    g_autoptr(GString) output = vmb_handler_output(handler);

    return compare(run, output, "outside.txt", vmb_memory_outside_place, error);
}

static void show_tables(const VmbRun *run, const char *unclaimed, const char *handled)
{
    g_autofree char *before = vmb_memory_table(unclaimed);
    g_autofree char *after = vmb_memory_table(handled);
    g_autofree char *text = g_strdup_printf(
        "\n%s (%s), no handler:\n%s\n%s (%s), with handler:\n%s\n", run->machine->title,
        run->machine->name, before, run->machine->title, run->machine->name, after);

    vmb_report_text(run->report, text);
}

static gboolean quit(const VmbRun *run, VmbGuest *guest, GError **error)
{
    vmb_report_step(run->report, "quit", "end of QEMU");
    if (!vmb_guest_quit(guest, error)) {
        return FALSE;
    }
    vmb_report_done(run->report, "%s", "");
    return TRUE;
}

static gboolean run_in_guest(const VmbRun *run, VmbGuest *guest, GError **error)
{
    vmb_report_step(run->report, "inside-unclaimed", "inside, no handler");
    g_autofree char *unclaimed = run_inside(run, guest, "inside-unclaimed.txt", error);

    if (unclaimed == NULL) {
        return FALSE;
    }
    g_autoptr(VmbHandler) handler = start_handler(run, guest, error);

    if (handler == NULL) {
        return FALSE;
    }
    vmb_report_step(run->report, "inside-handled", "inside, with handler");
    g_autofree char *handled = run_inside(run, guest, "inside-handled.txt", error);

    if (handled == NULL || !check_handler_log(run, handler, error) ||
        !quit(run, guest, error)) {
        return FALSE;
    }
    show_tables(run, unclaimed, handled);
    return TRUE;
}

/* What is wrong here would otherwise show after the boot. */
static gboolean check_setup(const VmbRun *run, GError **error)
{
    static const char *const fixtures[] = {"inside-unclaimed.txt", "inside-handled.txt",
                                           "outside.txt"};
    g_autofree char *handler = g_find_program_in_path(run->settings->handler);

    for (guint i = 0; i < G_N_ELEMENTS(fixtures); i++) {
        g_autofree char *path = NULL;
        g_autoptr(GString) text = read_fixture(run, fixtures[i], &path, error);

        if (text == NULL) {
            return FALSE;
        }
    }
    if (handler == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "handler %s: no such program: run `make` to build it, or give another with "
                    "--handler",
                    run->settings->handler);
        return FALSE;
    }
    return TRUE;
}

gboolean vmb_memory_example_run(const VmbRun *run, GError **error)
{
    g_autoptr(VmbGuestConfig) config = vmb_settings_guest(run->settings, run->machine);
    g_autoptr(VmbGuest) guest = check_setup(run, error) ? boot(run, config, error) : NULL;

    return guest != NULL && run_in_guest(run, guest, error);
}
