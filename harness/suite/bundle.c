/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "files.h"
#include "paths.h"

/* Lines of a log that are printed. */
#define TAIL_LINES 40

static void write_text(const VmbCaseRun *run, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(run->logs, name, NULL);

    g_file_set_contents(path, text, -1, NULL);
}

/* ---- rerun.sh ---- */

#define IMAGE "image.cpio"

/* An image that was made for this guest alone goes with it, and is kept here. FALSE: it was not. */
static gboolean keep_image(const VmbCaseRun *run, const VmbGuestConfig *config)
{
    g_autofree char *kept = g_build_filename(run->logs, IMAGE, NULL);
    const char *logs = vmb_testbed_logs(run->bed);

    if (!g_str_has_prefix(config->initrd, logs)) {
        return FALSE;
    }
    if (link(config->initrd, kept) != 0) {
        vmb_copy_file(config->initrd, kept);
    }
    return TRUE;
}

/* The same machine on the terminal of whoever runs it, wherever the bundle is by then. */
static void write_rerun(const VmbCaseRun *run, const VmbGuestConfig *config, gboolean own_image)
{
    g_autofree char *path = g_build_filename(run->logs, "rerun.sh", NULL);
    g_auto(GStrv) exact = vmb_guest_config_command(config);
    g_autofree char *exact_text = vmb_command_text((const char *const *)exact);
    g_autofree char *comment = NULL;
    VmbGuestConfig by_hand = *config;

    by_hand.by_hand = TRUE;
    by_hand.shell = TRUE;
    by_hand.initrd = own_image ? (char *)IMAGE : config->initrd;
    by_hand.extra = NULL;
    g_auto(GStrv) argv = vmb_guest_config_command(&by_hand);
    g_autofree char *command = vmb_command_text((const char *const *)argv);
    g_auto(GStrv) lines = g_strsplit(exact_text, "\n", -1);

    comment = g_strjoinv("\n# ", lines);
    g_autofree char *text = g_strdup_printf(
        "#!/bin/sh\n"
        "# The guest of %s, with a shell on this terminal. Ctrl-A X ends it.\n"
        "# The test itself ran it so, with its lines on descriptors:\n#\n# %s\n"
        "cd \"$(dirname \"$0\")\" || exit\nexec %s\n",
        run->test->id, comment, command);

    write_text(run, "rerun.sh", text);
    g_chmod(path, 0755);
}

/* ---- versions.txt ---- */

static void append_sum(GString *text, const char *what, const char *path)
{
    g_autoptr(GMappedFile) file = path != NULL ? g_mapped_file_new(path, FALSE, NULL) : NULL;
    g_autofree char *sum = NULL;

    if (file != NULL) {
        sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256,
                                          (const guchar *)g_mapped_file_get_contents(file),
                                          g_mapped_file_get_length(file));
        g_string_append_printf(text, "%-12s %s  %s\n", what, sum, path);
    }
}

static void write_versions(const VmbCaseRun *run, const VmbGuestConfig *config, gboolean own_image)
{
    g_autofree char *kept = g_build_filename(run->logs, IMAGE, NULL);
    g_autofree char *qemu =
        g_build_filename(config->qemu_dir, "bin", config->machine->qemu_program, NULL);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "vmbench      %s\n", VMB_VERSION);
    append_sum(text, "qemu", qemu);
    append_sum(text, "kernel", config->kernel);
    append_sum(text, "device tree", config->device_tree);
    append_sum(text, "image", own_image ? kept : config->initrd);
    append_sum(text, "scenario", run->test->scenario->file);
    write_text(run, "versions.txt", text->str);
    g_string_free(text, TRUE);
}

/* ---- What the guest was about ---- */

static void write_registers(const VmbCaseRun *run)
{
    VmbGuest *guest = vmb_testbed_guest(run->bed);
    g_autofree char *text = guest != NULL && !vmb_guest_has_ended(guest)
                                ? vmb_guest_monitor(guest, "info registers -a", NULL) : NULL;

    if (text != NULL) {
        write_text(run, "registers.txt", text);
    }
}

static void write_transcript(const VmbCaseRun *run)
{
    g_autofree char *trace = g_build_filename(run->logs, VMB_BUNDLE_ACCESSES, NULL);
    g_autofree char *table = g_build_filename(run->logs, "transcript.txt", NULL);

    if (run->transcript != NULL) {
        vmb_transcript_format(run->transcript, table, run->begin);
    }
    g_unlink(trace);
}

static void copy_log(const VmbCaseRun *run, const char *name, const char *as)
{
    const char *logs = vmb_testbed_logs(run->bed);
    g_autofree char *from = logs != NULL ? g_build_filename(logs, name, NULL) : NULL;
    g_autofree char *to = g_build_filename(run->logs, as, NULL);

    if (from != NULL) {
        vmb_copy_file(from, to);
    }
}

static void add_tail(VmbCaseRun *run, const GError *error)
{
    g_autofree char *path = g_build_filename(run->logs, vmb_error_log_name(error), NULL);
    g_autofree char *boot = g_build_filename(run->logs, "guest-console.log", NULL);

    if (run->result->details == NULL) {
        run->result->details = vmb_file_tail(path, TAIL_LINES);
    }
    if (run->result->details == NULL && vmb_testbed_guest(run->bed) == NULL) {
        run->result->details = vmb_file_tail(boot, TAIL_LINES);
    }
}

/* It is the last that is written: where there is no room for it, others are missing too. */
static void write_failure(VmbCaseRun *run)
{
    g_autofree char *path = g_build_filename(run->logs, "failure.txt", NULL);
    g_autoptr(GError) error = NULL;
    VmbResult *result = run->result;
    g_autofree char *text = g_strdup_printf(
        "%s: %s\n%s\nstep: %s\nat: %s:%u\n\n%s", run->test->id, vmb_result_verdict(result),
        result->message, result->step != NULL ? result->step : "before the first",
        result->file != NULL ? result->file : "", result->line,
        result->details != NULL ? result->details : "");

    if (!g_file_set_contents(path, text, -1, &error)) {
        g_autofree char *before = g_steal_pointer(&result->note);

        result->note = g_strdup_printf("%s%sits logs are not complete: %s: make room, or choose another "
                                       "directory with --logs", before != NULL ? before : "",
                                       before != NULL ? "; " : "", error->message);
    }
}

void vmb_bundle_write(VmbCaseRun *run, const GError *error)
{
    const VmbGuestConfig *config = vmb_testbed_config(run->bed);

    if (run->streams != NULL) {
        vmb_stream_log_flush(run->streams);
    }
    copy_log(run, "qemu.log", "qemu.log");
    copy_log(run, "console.log", "guest-console.log");
    write_registers(run);
    write_transcript(run);
    if (config != NULL) {
        gboolean own_image = keep_image(run, config);

        write_rerun(run, config, own_image);
        write_versions(run, config, own_image);
    }
    add_tail(run, error);
    write_failure(run);
}
