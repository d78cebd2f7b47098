/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "case_handler.h"
#include "console_logs.h"
#include "files.h"
#include "log_tail.h"
#include "paths.h"
#include "rerun.h"
#include "snapshot_store.h"
#include "waiting.h"

/* Lines of a log that are printed. */
#define TAIL_LINES 40

/* And of what each handler said to standard error, behind other lines. */
#define COMPLAINT_LINES 10

void vmb_bundle_lost(VmbCaseRun *run, const char *why)
{
    if (run->lost == NULL) {
        run->lost = g_strdup(why);
    }
}

static void write_text(VmbCaseRun *run, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(run->logs, name, NULL);
    g_autoptr(GError) error = NULL;

    if (!g_file_set_contents(path, text, -1, &error)) {
        vmb_bundle_lost(run, error->message);
    }
}

/* ---- rerun.sh ---- */

#define IMAGE "image.cpio"

/* An image that was made for this guest alone: it goes with it. */
static gboolean has_own_image(const VmbCaseRun *run, const VmbGuestConfig *config)
{
    return g_str_has_prefix(config->initrd, vmb_testbed_logs(run->bed));
}

static void keep_image(VmbCaseRun *run, const VmbGuestConfig *config)
{
    g_autofree char *kept = g_build_filename(run->logs, IMAGE, NULL);
    g_autoptr(GError) error = NULL;

    if (link(config->initrd, kept) != 0 && !vmb_copy_file(config->initrd, kept, &error)) {
        vmb_bundle_lost(run, error->message);
    }
}

static void write_rerun(VmbCaseRun *run, const VmbGuestConfig *config, gboolean own_image)
{
    g_autofree char *path = g_build_filename(run->logs, "rerun.sh", NULL);
    g_autofree char *text = vmb_rerun_script(run, config, own_image ? IMAGE : config->initrd);

    write_text(run, "rerun.sh", text);
    g_chmod(path, 0755);
}

/* ---- versions.txt ---- */

/* The file `path`, which is told as `shown`. */
static void append_sum(GString *text, VmbHashes *hashes, const char *what, const char *path,
                       const char *shown)
{
    const char *sum = path != NULL ? vmb_hashes_get(hashes, path, NULL) : NULL;

    if (sum != NULL) {
        g_string_append_printf(text, "%-12s %s  %s\n", what, sum, shown);
    }
}

/*
 * Who waits for the verdict does not wait for 50 MB to be read: sums that snapshots remember are taken from
 * there. Before the image is linked, which would make it another file to them.
 */
static void write_versions(VmbCaseRun *run, const VmbGuestConfig *config, gboolean own_image)
{
    g_autoptr(VmbSnapshotStore) store = vmb_snapshot_store_open(run->options->snapshots, NULL);
    g_autoptr(VmbHashes) forgotten = store == NULL ? vmb_hashes_load("/dev/null") : NULL;
    VmbHashes *hashes = store != NULL ? vmb_snapshot_store_hashes(store) : forgotten;
    g_autofree char *kept = g_build_filename(run->logs, IMAGE, NULL);
    g_autofree char *qemu =
        g_build_filename(config->qemu_dir, "bin", config->machine->qemu_program, NULL);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "vmbench      %s\n", VMB_VERSION);
    append_sum(text, hashes, "qemu", qemu, qemu);
    append_sum(text, hashes, "kernel", config->kernel, config->kernel);
    append_sum(text, hashes, "device tree", config->device_tree, config->device_tree);
    append_sum(text, hashes, "image", config->initrd, own_image ? kept : config->initrd);
    append_sum(text, hashes, "scenario", run->test->scenario->file, run->test->scenario->file);
    write_text(run, "versions.txt", text->str);
    g_string_free(text, TRUE);
    if (store != NULL) {
        vmb_snapshot_store_keep_hashes(store);
    }
}

/* ---- What the guest was about ---- */

static void write_registers(VmbCaseRun *run)
{
    VmbGuest *guest = vmb_testbed_guest(run->bed);
    g_autofree char *text = guest != NULL && !vmb_guest_has_ended(guest)
                                ? vmb_guest_monitor(guest, "info registers -a", NULL) : NULL;

    if (text != NULL) {
        write_text(run, "registers.txt", text);
    }
}

static char *waiting_lines(const VmbCaseRun *run)
{
    VmbGuest *guest = vmb_testbed_guest(run->bed);

    return guest != NULL && !vmb_guest_has_ended(guest)
               ? vmb_waiting_lines(guest, run->test->scenario, run->begin) : g_strdup("");
}

static void write_transcript(VmbCaseRun *run)
{
    g_autofree char *waiting = waiting_lines(run);
    g_autofree char *trace = g_build_filename(run->logs, VMB_BUNDLE_ACCESSES, NULL);
    g_autofree char *table = g_build_filename(run->logs, "transcript.txt", NULL);

    if (run->transcript != NULL &&
        !vmb_transcript_format(run->transcript, table, run->begin, waiting)) {
        vmb_bundle_lost(run, "transcript.txt cannot be written");
    }
    g_unlink(trace);
}

static void copy_log(VmbCaseRun *run, const char *name, const char *as)
{
    const char *logs = vmb_testbed_logs(run->bed);
    g_autofree char *from = logs != NULL ? g_build_filename(logs, name, NULL) : NULL;
    g_autofree char *to = g_build_filename(run->logs, as, NULL);
    g_autoptr(GError) error = NULL;

    if (from != NULL && !vmb_copy_file(from, to, &error) &&
        !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)) {
        vmb_bundle_lost(run, error->message);
    }
}

/* ---- The lines that are printed ---- */

static char *handler_file(const VmbCaseRun *run, guint index, const char *suffix)
{
    const VmbScenarioHandler *handler = g_ptr_array_index(run->test->scenario->handlers, index);
    g_autofree char *name = vmb_case_handler_log(handler, run->starts[index]);
    g_autofree char *file = g_strconcat(name, suffix, NULL);

    return g_build_filename(run->logs, file, NULL);
}

/*
 * What a handler said last since its last start: to standard error, or, when it is what failed, if there is
 * nothing else, to standard output. NULL: nothing.
 */
static char *handler_tail(const VmbCaseRun *run, guint index, gboolean about_it, guint lines)
{
    g_autofree char *err = handler_file(run, index, ".err");
    g_autofree char *out = handler_file(run, index, ".log");
    char *tail = vmb_file_tail(err, lines);

    return tail != NULL || !about_it ? tail : vmb_file_tail(out, lines);
}

/* Of all that were started, for the verdict does not say whose fault it is. NULL: none said anything. */
static char *handlers_tail(const VmbCaseRun *run, gboolean about_them, guint lines)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < run->test->scenario->handlers->len; i++) {
        const VmbScenarioHandler *handler = g_ptr_array_index(run->test->scenario->handlers, i);
        g_autofree char *tail =
            run->starts[i] > 0 ? handler_tail(run, i, about_them, lines) : NULL;

        if (tail != NULL) {
            g_string_append_printf(text, "handler %s:\n%s", handler->name, tail);
        }
    }
    return g_string_free(text, text->len == 0);
}

/* Behind what explains the failure, which a handler's complaint may do better. */
static void append_handlers(VmbCaseRun *run)
{
    g_autofree char *before = g_steal_pointer(&run->result->details);
    g_autofree char *tail = handlers_tail(run, FALSE, COMPLAINT_LINES);

    run->result->details = tail == NULL ? g_steal_pointer(&before)
                                        : g_strconcat(before != NULL ? before : "", tail, NULL);
}

/* QEMU says so when a claim was no good; what it said to earlier tests is not about this one's. */
static char *claim_tail(const VmbCaseRun *run)
{
    g_autofree char *log = g_build_filename(run->logs, "qemu.log", NULL);
    g_autofree char *handlers = handlers_tail(run, TRUE, TAIL_LINES);
    g_autofree char *qemu = vmb_file_tail_from(log, run->qemu_said, COMPLAINT_LINES);

    return g_strconcat(handlers != NULL ? handlers : "", qemu != NULL ? "QEMU:\n" : "", qemu, NULL);
}

static void add_tail(VmbCaseRun *run, const GError *error)
{
    const char *guest = vmb_testbed_logs(run->bed);
    g_autofree char *path = g_build_filename(run->logs, vmb_error_log_name(error), NULL);
    g_autofree char *boot = g_build_filename(guest != NULL ? guest : "", "console.log", NULL);

    if (run->result->details == NULL && g_error_matches(error, VMB_ERROR, VMB_ERROR_NO_CLAIM)) {
        run->result->details = claim_tail(run);
        return;
    }
    if (run->result->details == NULL && g_error_matches(error, VMB_ERROR, VMB_ERROR_HANDLER_DIED)) {
        run->result->details = handlers_tail(run, TRUE, TAIL_LINES);
        return;
    }
    if (run->result->details == NULL) {
        run->result->details = vmb_file_tail(path, TAIL_LINES);
    }
    if (run->result->details == NULL && vmb_testbed_guest(run->bed) == NULL) {
        run->result->details = vmb_file_tail(boot, TAIL_LINES);
    }
    append_handlers(run);
}

static void write_console(VmbCaseRun *run)
{
    const char *guest = vmb_testbed_logs(run->bed);
    g_autoptr(GError) error = NULL;

    if (guest != NULL && !vmb_console_logs_write(run->logs, guest, &error)) {
        vmb_bundle_lost(run, error->message);
    }
}

static void write_failure(VmbCaseRun *run)
{
    VmbResult *result = run->result;
    g_autofree char *text = g_strdup_printf(
        "%s: %s\n%s\nstep: %s\nat: %s:%u\n\n%s", run->test->id, vmb_result_verdict(result),
        result->message, result->step != NULL ? result->step : "before the first",
        result->file != NULL ? result->file : "", result->line,
        result->details != NULL ? result->details : "");

    write_text(run, "failure.txt", text);
}

/* The verdict stands, whatever was lost. */
static void note_lost(VmbCaseRun *run)
{
    vmb_result_add_note(run->result, "its logs are not complete: %s: make room, or choose another "
                        "directory with --logs", run->lost);
}

void vmb_bundle_write(VmbCaseRun *run, const GError *error)
{
    const VmbGuestConfig *config = vmb_testbed_config(run->bed);

    if (run->streams != NULL && !vmb_stream_log_flush(run->streams)) {
        vmb_bundle_lost(run, "streams.log cannot be written");
    }
    copy_log(run, "qemu.log", "qemu.log");
    write_registers(run);
    write_transcript(run);
    if (config != NULL) {
        gboolean own_image = has_own_image(run, config);

        write_versions(run, config, own_image);
        if (own_image) {
            keep_image(run, config);
        }
        write_rerun(run, config, own_image);
    }
    add_tail(run, error);
    write_console(run);
    write_failure(run);
    if (run->lost != NULL) {
        note_lost(run);
    }
}
