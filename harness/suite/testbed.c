/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "testbed.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "additions.h"
#include "agent_watch.h"
#include "files.h"
#include "inspect.h"
#include "snapshot.h"

/* Each test's guest finds one that is free. */
#define ANY_PORT "0"

struct VmbTestbed {
    const VmbRunOptions *options;
    char *logs_root;
    guint count; /* of guests so far */
    char *key;   /* of the guest that is there, NULL: none is */
    char *logs;
    VmbAlarm *alarm;
    VmbGuestConfig *config;
    VmbGuest *guest;
    VmbInspect *inspect; /* NULL unless somebody is to look into it */
};

VmbTestbed *vmb_testbed_new(const VmbRunOptions *options, const char *logs)
{
    VmbTestbed *bed = g_new0(VmbTestbed, 1);

    bed->options = options;
    bed->logs_root = g_strdup(logs);
    return bed;
}

void vmb_testbed_free(VmbTestbed *bed)
{
    vmb_testbed_discard(bed);
    g_free(bed->logs_root);
    g_free(bed);
}

char *vmb_testbed_prefix(pid_t pid)
{
    return g_strdup_printf("guest-%d-", (int)pid);
}

void vmb_testbed_discard(VmbTestbed *bed)
{
    g_clear_pointer(&bed->guest, vmb_guest_free);
    g_clear_pointer(&bed->inspect, vmb_inspect_free);
    g_clear_pointer(&bed->config, vmb_guest_config_free);
    g_clear_pointer(&bed->alarm, vmb_alarm_free);
    g_clear_pointer(&bed->key, g_free);
    if (bed->logs != NULL) {
        vmb_remove_tree(bed->logs);
        g_clear_pointer(&bed->logs, g_free);
    }
}

VmbGuest *vmb_testbed_guest(const VmbTestbed *bed)
{
    return bed->guest;
}

VmbAlarm *vmb_testbed_alarm(const VmbTestbed *bed)
{
    return bed->alarm;
}

const VmbGuestConfig *vmb_testbed_config(const VmbTestbed *bed)
{
    return bed->config;
}

const char *vmb_testbed_logs(const VmbTestbed *bed)
{
    return bed->logs;
}

void vmb_testbed_calm(const VmbTestbed *bed)
{
    if (bed->alarm != NULL) {
        vmb_alarm_forget(bed->alarm);
    }
}

/* ---- What the guest is made of ---- */

static char *device_text(const VmbCase *test, guint index, const char *port)
{
    const VmbScenarioRange *range = g_ptr_array_index(test->scenario->ranges, index);
    guint irq = vmb_scenario_irq(test->scenario, test->machine, index);
    g_autofree char *line = irq > 0 ? g_strdup_printf(",irq=%u", irq) : g_strdup("");

    return g_strdup_printf("vmmio,id=%s,start=%s,size=%s,listen=127.0.0.%u:%s%s%s%s", range->id,
                           range->start, range->size, range->endpoint + 1, port, line,
                           range->properties != NULL ? "," : "",
                           range->properties != NULL ? range->properties : "");
}

char **vmb_testbed_devices(const VmbCase *test, const char *port)
{
    const GPtrArray *ranges = test->scenario->ranges;
    char **texts = g_new0(char *, ranges->len + 1);

    for (guint i = 0; i < ranges->len; i++) {
        texts[i] = device_text(test, i, port);
    }
    return texts;
}

static char **device_places(const VmbScenario *scenario)
{
    char **places = g_new0(char *, scenario->ranges->len + 1);

    for (guint i = 0; i < scenario->ranges->len; i++) {
        const VmbScenarioRange *range = g_ptr_array_index(scenario->ranges, i);

        places[i] = g_strdup_printf("%s:%u: the range `%s`", scenario->file, range->line, range->name);
    }
    return places;
}

static void append_list(GString *key, const char *kind, char **words)
{
    g_autofree char *joined = words != NULL ? g_strjoinv("\n", words) : g_strdup("");

    g_string_append_printf(key, "%s: %s\n", kind, joined);
}

char *vmb_testbed_key(const VmbCase *test)
{
    const VmbScenario *scenario = test->scenario;
    g_auto(GStrv) devices = vmb_testbed_devices(test, ANY_PORT);
    GString *key = g_string_new(test->machine->name);

    g_string_append_printf(key, "\nnetwork: %d\nresets: %d\nappend: %s\n", scenario->network,
                           scenario->resets,
                           scenario->append != NULL ? scenario->append : "");
    append_list(key, "devices", devices);
    append_list(key, "add", scenario->files);
    append_list(key, "pkg", scenario->packages);
    append_list(key, "module", scenario->modules);
    append_list(key, "overlay", scenario->overlays);
    append_list(key, "manifest", scenario->manifests);
    return g_string_free(key, FALSE);
}

static gboolean apply_additions(const VmbTestbed *bed, const VmbScenario *scenario,
                                VmbGuestConfig *config, GError **error)
{
    g_auto(VmbAdditions) additions = {
        .image = {
            .files = g_strdupv(scenario->files),
            .packages = g_strdupv(scenario->packages),
            .modules = g_strdupv(scenario->modules),
            .overlays = g_strdupv(scenario->overlays),
            .manifests = g_strdupv(scenario->manifests),
        },
    };

    return vmb_additions_apply(&additions, bed->options->settings, config, bed->logs, error);
}

static VmbGuestConfig *make_config(const VmbTestbed *bed, const VmbCase *test, GError **error)
{
    g_autoptr(VmbGuestConfig) config =
        vmb_settings_guest_with(bed->options->settings, test->machine, test->scenario->network);

    config->devices = vmb_testbed_devices(test, ANY_PORT);
    config->places = device_places(test->scenario);
    config->append = g_strdup(test->scenario->append);
    config->can_reset = test->scenario->resets;
    return apply_additions(bed, test->scenario, config, error) ? g_steal_pointer(&config) : NULL;
}

/* ---- Its boot ---- */

static gboolean make_logs(VmbTestbed *bed, GError **error)
{
    g_autofree char *prefix = vmb_testbed_prefix(getpid());

    bed->logs = g_strdup_printf("%s/%s%u", bed->logs_root, prefix, ++bed->count);
    if (g_mkdir_with_parents(bed->logs, 0755) != 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot make the directory %s: %s: choose another with --logs", bed->logs,
                    g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

/* Sockets for a person, and with --gdb a guest that waits for one. */
static gboolean open_to_inspection(VmbTestbed *bed, GError **error)
{
    const char *before = bed->config->append;

    if (!bed->options->gdb && !bed->options->keep_on_fail) {
        return TRUE;
    }
    bed->inspect = vmb_inspect_new(bed->config->machine, bed->logs, error);
    if (bed->inspect == NULL) {
        return FALSE;
    }
    bed->config->extra = vmb_inspect_arguments(bed->inspect, bed->options->gdb);
    if (bed->options->gdb) {
        bed->config->append = g_strjoin(" ", "nokaslr", before, NULL); /* where symbols say */
    }
    return TRUE;
}

/* A QEMU that answers over QMP has its sockets, and whoever copies the lines at once can connect. */
static gboolean invite_gdb(const VmbTestbed *bed, VmbGuest *guest, GError **error)
{
    g_autofree char *console = g_build_filename(bed->logs, "console.log", NULL);

    if (!bed->options->gdb) {
        return TRUE;
    }
    if (vmb_guest_qmp(guest, error) == NULL) {
        return FALSE;
    }
    fprintf(stderr, "the guest waits for gdb; `continue` there starts it\n");
    vmb_inspect_print(bed->inspect, console);
    return TRUE;
}

void vmb_testbed_hold(const VmbTestbed *bed, const char *console)
{
    if (bed->options->keep_on_fail && bed->guest != NULL) {
        vmb_inspect_hold(bed->inspect, bed->guest, bed->alarm, console);
    }
}

static VmbGuest *boot_cold(const VmbTestbed *bed, VmbResult *result, GError **error)
{
    gint64 start = g_get_monotonic_time();
    g_autoptr(VmbGuest) guest = vmb_guest_start(bed->config, bed->logs, bed->alarm, error);

    if (guest == NULL || !invite_gdb(bed, guest, error) ||
        !vmb_agent_link_wait_ready(vmb_guest_agent(guest), VMB_BOOT_MS, error)) {
        return NULL;
    }
    result->phases.boot = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    return g_steal_pointer(&guest);
}

static VmbGuest *restore(const VmbTestbed *bed, VmbResult *result, GError **error)
{
    VmbSnapshotReport report = {.restored = FALSE};
    VmbGuest *guest = vmb_snapshot_boot(bed->config, bed->logs, bed->options->snapshots, bed->alarm,
                                        &report, error);

    result->restored = report.restored;
    result->phases = (VmbBootPhases){
        .prepare = report.prepare_s, .start = report.start_s, .load = report.load_s,
        .agent = report.agent_s, .boot = report.boot_s, .save = report.save_s,
        .failed = report.failed_s,
    };
    if (report.why_booted != NULL) {
        vmb_result_add_note(result, "booted: %s", report.why_booted);
    } else if (report.why_unsaved != NULL) {
        vmb_result_add_note(result, "not saved for later runs: %s", report.why_unsaved);
    }
    vmb_snapshot_report_clear(&report);
    return guest;
}

static gboolean boot(VmbTestbed *bed, const VmbCase *test, VmbResult *result, GError **error)
{
    gint64 start = g_get_monotonic_time();

    if (!make_logs(bed, error)) {
        return FALSE;
    }
    bed->alarm = vmb_alarm_new(bed->options->gdb ? VMB_NO_LIMITS
                                             : bed->options->settings->timeout_scale);
    vmb_alarm_watch_signals(bed->alarm);
    bed->config = make_config(bed, test, error);
    if (bed->config == NULL || !open_to_inspection(bed, error)) {
        return FALSE;
    }
    bed->guest = bed->options->cold ? boot_cold(bed, result, error) : restore(bed, result, error);
    result->boot = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    return bed->guest != NULL;
}

char *vmb_testbed_loss(const VmbTestbed *bed)
{
    g_autoptr(GError) error = NULL;
    const GError *cause;

    if (bed->guest == NULL) {
        return NULL;
    }
    while (g_main_context_iteration(NULL, FALSE)) {
        continue;
    }
    if (vmb_agent_link_settle(vmb_guest_agent(bed->guest), &error) &&
        vmb_alarm_error(bed->alarm) == NULL) {
        return NULL;
    }
    cause = vmb_alarm_error(bed->alarm);
    return g_error_matches(cause, VMB_ERROR, VMB_ERROR_INTERRUPTED) ? NULL : g_strdup(cause->message);
}

/* What has happened to it since the last test is not the next one's fault, but is said. */
static gboolean is_alive(const VmbTestbed *bed, VmbResult *result)
{
    g_autofree char *loss = vmb_testbed_loss(bed);

    if (loss != NULL) {
        vmb_result_add_note(result, "the guest of the tests before was lost behind them: %s", loss);
    }
    return bed->guest != NULL && vmb_alarm_error(bed->alarm) == NULL;
}

gboolean vmb_testbed_prepare(VmbTestbed *bed, const VmbCase *test, VmbResult *result,
                             GError **error)
{
    g_autofree char *key = vmb_testbed_key(test);
    gboolean alone = bed->options->isolate || test->scenario->isolate;

    if (is_alive(bed, result) && !alone && g_str_equal(key, bed->key)) {
        return TRUE;
    }
    vmb_testbed_discard(bed);
    bed->key = g_steal_pointer(&key);
    return boot(bed, test, result, error);
}
