/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_demo.h"

#include <json-glib/json-glib.h>

#include "process.h"

#define DEMO_MS 300000

static char **demo_argv(const VmbSettings *s, const char *log_dir, const char *json)
{
    g_autofree char *scale = g_strdup_printf("%g", s->timeout_scale);
    const char *const argv[] = {
        "/proc/self/exe", "demo",
        "--machine", "all",
        "--qemu-dir", s->qemu_dir,
        "--guest-dir", s->guest_dir,
        "--images", s->images,
        "--fixtures", s->fixtures,
        "--handler", s->handler,
        "--accel", s->accel,
        "--logs", log_dir,
        "--timeout-scale", scale,
        "--json", json,
        NULL,
    };

    return g_strdupv((char **)argv);
}

/* boot + inside-unclaimed of a machine: the first step starts with QEMU, the second ends with
 * the comparison, and there is nothing between them. */
static double boot_to_inside(JsonObject *machines, const char *name)
{
    JsonObject *machine = json_object_get_object_member(machines, name);
    JsonObject *phases = json_object_get_object_member(machine, "phases");

    return json_object_get_double_member(phases, "boot") +
           json_object_get_double_member(phases, "inside-unclaimed");
}

static gboolean read_times(const char *path, VmbDemoTimes *times, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonObject *root;
    JsonObject *machines;

    if (!json_parser_load_from_file(parser, path, error)) {
        return FALSE;
    }
    root = json_node_get_object(json_parser_get_root(parser));
    machines = json_object_get_object_member(root, "machines");
    times->boot_raspi4b = boot_to_inside(machines, "raspi4b");
    times->boot_x86 = boot_to_inside(machines, "x86");
    times->rss_mib = json_object_get_double_member(root, "peak_rss_mib");
    return TRUE;
}

gboolean vmb_time_demo(const VmbSettings *settings, const char *log_dir, VmbAlarm *alarm,
                       VmbDemoTimes *times, GError **error)
{
    g_autofree char *json = g_build_filename(log_dir, "demo.json", NULL);
    g_autofree char *log = g_build_filename(log_dir, "demo.log", NULL);
    g_auto(GStrv) argv = demo_argv(settings, log_dir, json);
    g_autoptr(GSubprocessLauncher) launcher = vmb_process_launcher_new();
    gint64 start = g_get_monotonic_time();

    if (!vmb_process_log_to(launcher, log, TRUE, error)) {
        return FALSE;
    }
    g_autoptr(VmbProcess) process =
        vmb_process_start(launcher, (const char *const *)argv, NULL, NULL, error);

    if (process == NULL || !vmb_process_wait_or_kill(process, DEMO_MS, alarm, error)) {
        return FALSE;
    }
    times->total = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    if (!vmb_process_succeeded(process)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "the demo failed, so there is nothing to measure: make it pass (log: %s)", log);
        return FALSE;
    }
    return read_times(json, times, error);
}
