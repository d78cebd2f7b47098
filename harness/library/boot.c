/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Booting a guest and ending it. */
#include "handle.h"

#include <errno.h>
#include <string.h>

#include "additions.h"
#include "files.h"
#include "kvm.h"
#include "snapshot.h"

#define TIMEOUT_MS 30000

/* ---- What it is made of ---- */

/* That there is no KVM is not to be told on a standard output that is the test's own. */
static void settle_accelerator(VmbSettings *settings, const VmbMachine *machine)
{
    g_autofree char *why = NULL;

    if (!machine->can_use_kvm || !vmb_kvm_is_usable(&why)) {
        g_free(settings->accel);
        settings->accel = g_strdup("tcg");
    }
}

static const VmbMachine *find_machine(const VmbenchOptions *options, GError **error)
{
    const VmbMachine *machine =
        options->machine != NULL ? vmb_machine_find(options->machine) : NULL;

    if (machine == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "no machine is called %s: set .machine to raspi4b or x86",
                    options->machine != NULL ? options->machine : "NULL");
    }
    return machine;
}

/* Equal addresses are one endpoint. */
static char **devices(const char *const *ranges)
{
    guint count = g_strv_length((char **)ranges);
    char **devices = g_new0(char *, count + 1);

    for (guint i = 0; i < count; i++) {
        gboolean listens = strstr(ranges[i], "listen=") != NULL;

        devices[i] = g_strdup_printf("vmmio,id=vmmio%u,%s%s", i,
                                     listens ? "" : "listen=127.0.0.1:0,", ranges[i]);
    }
    return devices;
}

static gboolean add_files(const VmbenchOptions *options, Vmbench *bench, GError **error)
{
    g_auto(VmbAdditions) additions = {.image = {.files = g_strdupv((char **)options->files)}};

    return vmb_additions_apply(&additions, bench->settings, bench->config, bench->logs, error);
}

static gboolean configure(const VmbenchOptions *options, Vmbench *bench, GError **error)
{
    static const char *const example[] = {"start=" VMB_RANGE_START ",size=" VMB_RANGE_SIZE, NULL};
    const VmbMachine *machine = find_machine(options, error);

    if (machine == NULL) {
        return FALSE;
    }
    settle_accelerator(bench->settings, machine);
    bench->config = vmb_settings_guest(bench->settings, machine);
    bench->config->devices = devices(options->ranges != NULL ? options->ranges : example);
    bench->config->append = g_strdup(options->append);
    bench->config->can_reset = options->resets;
    return add_files(options, bench, error);
}

/* ---- Where its logs are ---- */

static gboolean make_logs(const VmbenchOptions *options, Vmbench *bench, GError **error)
{
    g_autoptr(GError) cause = NULL;

    bench->keep_logs = options->logs != NULL;
    if (bench->keep_logs && g_mkdir_with_parents(options->logs, 0755) == 0) {
        bench->logs = g_canonicalize_filename(options->logs, NULL);
    } else if (bench->keep_logs) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot make the directory %s: %s: name another in .logs", options->logs,
                    g_strerror(errno));
    } else {
        bench->logs = g_dir_make_tmp("vmbench-XXXXXX", &cause);
        if (bench->logs == NULL) {
            g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s: name a directory in .logs",
                        cause->message);
        }
    }
    return bench->logs != NULL;
}

/* ---- The boot ---- */

static VmbGuest *restore(Vmbench *bench, GError **error)
{
    g_autofree char *cache = vmb_snapshot_directory();
    VmbSnapshotReport report = {.restored = FALSE};
    VmbGuest *guest =
        vmb_snapshot_boot(bench->config, bench->logs, cache, bench->alarm, &report, error);

    bench->restored = report.restored;
    vmb_snapshot_report_clear(&report);
    return guest;
}

static Vmbench *new_bench(const VmbenchOptions *options, GError **error)
{
    g_autoptr(Vmbench) bench = g_new0(Vmbench, 1);

    bench->programs = g_ptr_array_new_with_free_func((GDestroyNotify)vmbench_program_free);
    bench->handlers = g_ptr_array_new_with_free_func((GDestroyNotify)vmbench_handler_free);
    bench->ms = options->timeout_ms != 0 ? options->timeout_ms : TIMEOUT_MS;
    bench->settings = vmb_settings_new(error);
    if (bench->settings == NULL) {
        return NULL;
    }
    if (options->timeout_scale < 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, ".timeout_scale %g: a number above 0",
                    options->timeout_scale);
        return NULL;
    }
    bench->alarm = vmb_alarm_new(options->timeout_scale > 0 ? options->timeout_scale : 1.0);
    return make_logs(options, bench, error) && configure(options, bench, error)
               ? g_steal_pointer(&bench) : NULL;
}

/* Files and sockets fail with errors of GLib's own here and there: all that is bad set-up. */
static void take_error(GError *cause, GError **error)
{
    if (cause != NULL && cause->domain != VMB_ERROR) {
        g_set_error_literal(error, VMB_ERROR, VMB_ERROR_SETUP, cause->message);
        g_error_free(cause);
    } else if (cause != NULL) {
        g_propagate_error(error, cause);
    }
}

Vmbench *vmbench_boot(const VmbenchOptions *options, GError **error)
{
    GError *cause = NULL;
    g_autoptr(Vmbench) bench = new_bench(options, &cause);

    if (bench != NULL) {
        bench->guest = options->cold
                           ? vmb_guest_boot(bench->config, bench->logs, bench->alarm, &cause)
                           : restore(bench, &cause);
    }
    take_error(cause, error);
    return bench != NULL && bench->guest != NULL ? g_steal_pointer(&bench) : NULL;
}

void vmbench_free(Vmbench *bench)
{
    if (bench == NULL) {
        return;
    }
    g_ptr_array_unref(bench->handlers);
    g_ptr_array_unref(bench->programs);
    g_clear_pointer(&bench->guest, vmb_guest_free);
    g_clear_pointer(&bench->config, vmb_guest_config_free);
    g_clear_pointer(&bench->alarm, vmb_alarm_free);
    g_clear_pointer(&bench->settings, vmb_settings_free);
    if (bench->logs != NULL && !bench->keep_logs) {
        vmb_remove_tree(bench->logs);
    }
    g_free(bench->logs);
    g_free(bench);
}
