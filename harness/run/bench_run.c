/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_run.h"

#include <json-glib/json-glib.h>

#include "process.h"

#define RUN_MS 600000

static char **run_argv(const VmbBench *bench, const char *const *options, const char *json)
{
    const VmbSettings *s = bench->settings;
    g_autofree char *scale = g_strdup_printf("%g", s->timeout_scale);
    const char *const argv[] = {
        "/proc/self/exe", "run", "--tap",
        "--qemu-dir", s->qemu_dir,
        "--guest-dir", s->guest_dir,
        "--images", s->images,
        "--accel", s->accel,
        "--logs", bench->log_dir,
        "--timeout-scale", scale,
        "--json", json,
        NULL,
    };
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    g_strv_builder_addv(builder, (const char **)argv);
    g_strv_builder_addv(builder, (const char **)options);
    return g_strv_builder_end(builder);
}

static double member(JsonObject *object, const char *name)
{
    return object != NULL ? json_object_get_double_member_with_default(object, name, 0) : 0;
}

/* The test's boot by its phases, its rest as the program, and what is left as the harness's. */
static gboolean read_phases(const char *json, double total, double *phases, GError **error)
{
    static const struct {
        VmbPhase phase;
        const char *name;
    } names[] = {
        {VMB_PHASE_PREPARE, "prepare"}, {VMB_PHASE_START, "start"}, {VMB_PHASE_LOAD, "load"},
        {VMB_PHASE_AGENT, "agent"}, {VMB_PHASE_BOOT, "boot"},
    };
    g_autoptr(JsonParser) parser = json_parser_new();

    if (!json_parser_load_from_file(parser, json, error)) {
        return FALSE;
    }
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    JsonArray *tests = json_object_get_array_member(root, "tests");
    JsonObject *test = json_array_get_object_element(tests, 0);
    JsonObject *boot = json_object_get_object_member(test, "phases");

    phases[VMB_PHASE_VMBENCH] = total;
    phases[VMB_PHASE_PROGRAM] = member(test, "seconds") - member(test, "boot");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        phases[names[i].phase] = member(boot, names[i].name);
        phases[VMB_PHASE_VMBENCH] -= phases[names[i].phase];
    }
    phases[VMB_PHASE_VMBENCH] -= phases[VMB_PHASE_PROGRAM];
    return TRUE;
}

gboolean vmb_time_run(const VmbBench *bench, const char *const *options, const char *cache,
                      double *seconds, double *phases, GError **error)
{
    g_autofree char *log = g_build_filename(bench->log_dir, "run.log", NULL);
    g_autofree char *json = g_build_filename(bench->log_dir, "run.json", NULL);
    g_auto(GStrv) argv = run_argv(bench, options, json);
    g_autoptr(GSubprocessLauncher) launcher = vmb_process_launcher_new();
    g_autoptr(VmbProcess) process = NULL;
    gint64 start;

    if (!vmb_process_log_to(launcher, log, TRUE, error)) {
        return FALSE;
    }
    if (cache != NULL) {
        g_subprocess_launcher_setenv(launcher, "XDG_CACHE_HOME", cache, TRUE);
    }
    start = g_get_monotonic_time();
    process = vmb_process_start(launcher, (const char *const *)argv, NULL, NULL, error);
    if (process == NULL || !vmb_process_wait_or_kill(process, RUN_MS, bench->alarm, error)) {
        return FALSE;
    }
    *seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    if (!vmb_process_succeeded(process)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "vmbench run failed, so there is nothing to measure: make it pass (log: %s)",
                    log);
        return FALSE;
    }
    return phases == NULL || read_phases(json, *seconds, phases, error);
}
