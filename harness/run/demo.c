/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench demo: the memory example on each machine, a verdict for each. */
#include "commands.h"

#include <stdio.h>

#include <json-glib/json-glib.h>

#include "memory_example.h"

static const char summary[] =
    "Boot each machine, run the inside program without and with a handler outside,\n"
    "and compare every byte with the fixtures. Exit status 0: all as expected.";

typedef struct {
    VmbSettings *settings;
    VmbAlarm *alarm;
    JsonObject *results; /* by machine */
    int status;          /* of the first machine that failed */
    guint failed;
} Demo;

static void add_phase(gpointer data, const char *key, double seconds)
{
    json_object_set_double_member(data, key, seconds);
}

static void record(Demo *demo, const VmbMachine *machine, const VmbReport *report,
                   gboolean passed)
{
    JsonObject *result = json_object_new();
    JsonObject *phases = json_object_new();

    vmb_report_each(report, add_phase, phases);
    json_object_set_boolean_member(result, "passed", passed);
    json_object_set_object_member(result, "phases", phases);
    json_object_set_object_member(demo->results, machine->name, result);
}

static void run_machine(Demo *demo, const VmbMachine *machine)
{
    gint64 start = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    g_autofree char *log_dir = vmb_settings_log_dir(demo->settings, machine->name, &error);
    g_autoptr(VmbReport) report =
        log_dir != NULL ? vmb_report_new(machine->name, log_dir, &error) : NULL;
    gboolean passed = FALSE;

    if (report != NULL) {
        VmbRun run = {demo->settings, machine, log_dir, demo->alarm, report};

        passed = vmb_memory_example_run(&run, &error);
        record(demo, machine, report, passed);
    }
    if (passed) {
        vmb_report_passed(report, (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC);
        return;
    }
    if (demo->failed++ == 0) {
        demo->status = vmb_exit_status(error, demo->alarm);
    }
    if (report != NULL) {
        vmb_report_failed(report, error);
    } else {
        vmb_fail(error, demo->alarm);
    }
}

/* One machine's trouble is not the next one's: each gets an alarm of its own. */
static gboolean run_with_alarm(Demo *demo, const VmbMachine *machine)
{
    g_autoptr(VmbAlarm) alarm = vmb_alarm_new(demo->settings->timeout_scale);
    gboolean interrupted;

    demo->alarm = alarm;
    vmb_alarm_watch_signals(alarm);
    run_machine(demo, machine);
    interrupted = vmb_alarm_signal(alarm) != 0;
    demo->alarm = NULL;
    return !interrupted;
}

/* Peak resident set of this process in MiB, or -1. */
static double peak_rss(void)
{
    g_autofree char *status = NULL;
    const char *line;

    if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL)) {
        return -1;
    }
    line = g_strstr_len(status, -1, "VmHWM:");
    return line != NULL ? g_ascii_strtod(line + 6, NULL) / 1024 : -1;
}

static gboolean write_json(const Demo *demo, const char *path, double total, GError **error)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();

    json_object_set_double_member(object, "total", total);
    json_object_set_double_member(object, "peak_rss_mib", peak_rss());
    json_object_set_object_member(object, "machines", json_object_ref(demo->results));
    json_node_take_object(node, object);

    g_autofree char *text = json_to_string(node, TRUE);
    g_autofree char *file = g_strconcat(text, "\n", NULL);

    return g_file_set_contents(path, file, -1, error);
}

static int run_all(Demo *demo, const char *json_path, GError **error)
{
    gint64 start = g_get_monotonic_time();
    const VmbMachine *machine;
    gsize count;
    gsize done = 0;
    double total;

    if (!vmb_settings_machines(demo->settings, &machine, &count, error)) {
        return VMB_ERROR_USAGE;
    }
    while (done < count && run_with_alarm(demo, &machine[done])) {
        done++;
    }
    total = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    if (demo->failed > 0) {
        printf("demo: %u of %zu machine%s failed\n", demo->failed, count, count == 1 ? "" : "s");
    } else {
        printf("demo: %zu machine%s passed in %.2f s\n", count, count == 1 ? "" : "s", total);
    }
    if (json_path != NULL && !write_json(demo, json_path, total, error)) {
        return VMB_ERROR_SETUP;
    }
    return demo->status;
}

int vmb_demo_main(int argc, char **argv)
{
    g_autofree char *json_path = NULL;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_FILENAME, &json_path, "Write verdicts and times", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(VmbSettings) settings =
        vmb_settings_parse_example(argc, argv, summary, entries, &error);
    g_autoptr(JsonObject) results = json_object_new();
    Demo demo = {.settings = settings, .results = results};
    int status = settings != NULL ? run_all(&demo, json_path, &error) : VMB_ERROR_USAGE;

    return error != NULL ? vmb_fail(error, NULL) : status;
}
