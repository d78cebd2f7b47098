/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench bench: measure, print a table, keep the rows in build/bench.json. */
#include "commands.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "bench_access.h"
#include "bench_boot.h"
#include "bench_client.h"
#include "bench_demo.h"
#include "bench_dma.h"
#include "bench_hello.h"
#include "bench_qmp.h"
#include "bench_rootfs.h"
#include "bench_suite.h"
#include "paths.h"

#define RUNS_MIN 5

static const char summary[] =
    "Measure boots, the demo, accesses, QMP, DMA, the client library, the image builder, QEMU's build\n"
    "time and runs of scenarios; print a table, write it as JSON, and a page with a chart.\n"
    "Rows that are not measured keep what the file has. TCG unless --accel says otherwise, so that\n"
    "figures of different hosts compare.";

#define GROUPS "demo, boot, mmio, qmp, dma, client, rootfs, qemu, suite or run"

void vmb_bench_progress(const VmbBench *bench, const char *what, gint run)
{
    printf("bench: %s, run %d of %d\n", what, run + 1, bench->runs);
    fflush(stdout);
}

static double median_of(const VmbDemoTimes *times, gint count, gsize offset)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));

    for (gint i = 0; i < count; i++) {
        double value = G_STRUCT_MEMBER(double, &times[i], offset);

        g_array_append_val(values, value);
    }
    return vmb_median(values);
}

static gboolean bench_demo(VmbBench *bench, GError **error)
{
    g_autofree VmbDemoTimes *times = g_new0(VmbDemoTimes, bench->runs);
    const struct {
        const char *row;
        gsize offset;
        const char *unit;
        const char *bar;
    } rows[] = {
        {"boot.raspi4b.inside", offsetof(VmbDemoTimes, boot_raspi4b), "s", "<= 3"},
        {"boot.x86.inside", offsetof(VmbDemoTimes, boot_x86), "s", "<= 2.5"},
        {"demo.total", offsetof(VmbDemoTimes, total), "s", "<= 15"},
        {"harness.rss", offsetof(VmbDemoTimes, rss_mib), "MiB", "<= 50"},
    };

    for (gint i = 0; i < bench->runs; i++) {
        vmb_bench_progress(bench, "demo", i);
        if (!vmb_time_demo(bench->settings, bench->log_dir, bench->alarm, &times[i], error)) {
            return FALSE;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        vmb_rows_set(bench->rows, rows[i].row, median_of(times, bench->runs, rows[i].offset),
                     rows[i].unit, VMB_NONE, rows[i].bar);
    }
    return TRUE;
}

/* A ready QEMU of the user's own need not say how long it took: null then. */
static gboolean bench_qemu(VmbBench *bench, GError **error)
{
    g_autofree char *path = g_build_filename(bench->settings->qemu_dir, "build.json", NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root = NULL;
    double seconds = VMB_NONE;

    (void)error;
    if (json_parser_load_from_file(parser, path, NULL)) {
        root = json_parser_get_root(parser);
    }
    if (root != NULL && JSON_NODE_HOLDS_OBJECT(root)) {
        seconds = json_object_get_double_member_with_default(json_node_get_object(root),
                                                             "full_build_seconds", VMB_NONE);
    }
    vmb_rows_set(bench->rows, "qemu.build", seconds, "s", VMB_NONE, "<= 240");
    return TRUE;
}

static const struct {
    const char *name;
    gboolean (*run)(VmbBench *bench, GError **error);
} groups[] = {
    {"demo", bench_demo},
    {"boot", vmb_bench_boot},
    {"mmio", vmb_bench_access},
    {"qmp", vmb_bench_qmp},
    {"dma", vmb_bench_dma},
    {"client", vmb_bench_client},
    {"rootfs", vmb_bench_rootfs},
    {"qemu", bench_qemu},
    {"suite", vmb_bench_suite},
    {"run", vmb_bench_hello}, /* the last: its page has a table of all rows */
};

static gboolean check_options(const char *only, gint runs, GError **error)
{
    gboolean known = only == NULL;

    for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
        known = known || g_str_equal(only, groups[i].name);
    }
    if (!known) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "--only %s: it is " GROUPS, only);
        return FALSE;
    }
    if (runs < RUNS_MIN) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "--runs %d: at least %d make a median",
                    runs, RUNS_MIN);
        return FALSE;
    }
    return TRUE;
}

/* bench.html beside bench.json. */
static char *page_of(const char *output)
{
    gsize len = strlen(output) - (g_str_has_suffix(output, ".json") ? strlen(".json") : 0);

    return g_strdup_printf("%.*s.html", (int)len, output);
}

static gboolean run_groups(VmbBench *bench, const char *only, const char *output, GError **error)
{
    bench->log_dir = vmb_settings_log_dir(bench->settings, "bench", error);
    bench->page = page_of(output);
    bench->rows = bench->log_dir != NULL ? vmb_rows_load(output, error) : NULL;
    if (bench->rows == NULL) {
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
        if ((only == NULL || g_str_equal(only, groups[i].name)) &&
            !groups[i].run(bench, error)) {
            return FALSE;
        }
    }
    g_autofree char *table = vmb_rows_table(bench->rows);

    printf("\n%s\n", table);
    return vmb_rows_save(bench->rows, output, error);
}

/* The alarm outlives the bench: its signal is part of the exit status. */
static int bench_with(VmbSettings *settings, const char *only, gint runs, const char *output)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VmbAlarm) alarm = vmb_alarm_new(settings->timeout_scale);
    VmbBench bench = {.settings = settings, .runs = runs, .alarm = alarm};
    gboolean ok;

    if (g_str_equal(settings->accel, "auto")) {
        g_free(settings->accel);
        settings->accel = g_strdup("tcg");
    }
    vmb_alarm_watch_signals(alarm);
    ok = run_groups(&bench, only, output, &error);
    g_clear_pointer(&bench.rows, vmb_rows_free);
    g_free(bench.log_dir);
    g_free(bench.page);
    return ok ? 0 : vmb_fail(error, alarm);
}

int vmb_bench_main(int argc, char **argv)
{
    g_autofree char *output = NULL;
    g_autofree char *only = NULL;
    gint runs = RUNS_MIN;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "JSON file to write", "FILE"},
        {"only", 0, 0, G_OPTION_ARG_STRING, &only, GROUPS, "GROUP"},
        {"runs", 0, 0, G_OPTION_ARG_INT, &runs, "Runs that a median is of", "N"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(VmbSettings) settings =
        vmb_settings_parse_example(argc, argv, summary, entries, &error);

    if (settings == NULL || !check_options(only, runs, &error)) {
        return vmb_fail(error, NULL);
    }
    return bench_with(settings, only, runs, output != NULL ? output : VMB_BENCH_JSON);
}
