/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_suite.h"

#include "bench_cpu.h"
#include "bench_run.h"
#include "files.h"

static GArray *numbers(void)
{
    return g_array_new(FALSE, FALSE, sizeof(double));
}

static gboolean bench_shared(VmbBench *bench, GError **error)
{
    static const char *const options[] = {"--machine", "x86", "--repeat", "100", "hello", NULL};
    g_autoptr(GArray) seconds = numbers();
    double total;

    for (gint run = 0; run < bench->runs; run++) {
        vmb_bench_progress(bench, "shared.100", run);
        if (!vmb_time_run(bench, options, NULL, &total, NULL, error)) {
            return FALSE;
        }
        g_array_append_val(seconds, total);
    }
    vmb_rows_set(bench->rows, "shared.100", vmb_median(seconds), "s", VMB_NONE, "<= 5");
    return TRUE;
}

/* As tests/boot/meson.build runs it. */
static const char *const suite_options[] = {"--jobs", "2", NULL};

static gboolean time_fresh(const VmbBench *bench, GArray *seconds, GError **error)
{
    g_autofree char *cache = g_dir_make_tmp("vmbench-XXXXXX", error);
    double total;
    gboolean ok;

    if (cache == NULL) {
        return FALSE;
    }
    ok = vmb_time_run(bench, suite_options, cache, &total, NULL, error);
    g_array_append_val(seconds, total);
    vmb_remove_tree(cache);
    return ok;
}

static gboolean time_warm(const VmbBench *bench, GArray *seconds, GArray *percent, GError **error)
{
    g_autoptr(VmbCpuWatch) watch = vmb_cpu_watch_new();
    double total, share;

    if (!vmb_time_run(bench, suite_options, NULL, &total, NULL, error)) {
        return FALSE;
    }
    share = 100 * vmb_cpu_watch_seconds(watch, "vmbench") /
            vmb_cpu_watch_seconds(watch, "qemu-system-");
    g_array_append_val(seconds, total);
    g_array_append_val(percent, share);
    return TRUE;
}

static gboolean bench_all(VmbBench *bench, GError **error)
{
    g_autoptr(GArray) fresh = numbers();
    g_autoptr(GArray) warm = numbers();
    g_autoptr(GArray) percent = numbers();
    double first;

    if (!vmb_time_run(bench, suite_options, NULL, &first, NULL, error)) { /* saves snapshots */
        return FALSE;
    }
    for (gint run = 0; run < bench->runs; run++) {
        vmb_bench_progress(bench, "suite.total", run);
        if (!time_fresh(bench, fresh, error) || !time_warm(bench, warm, percent, error)) {
            return FALSE;
        }
    }
    vmb_rows_set_absolute(bench->rows, "suite.total", vmb_median(fresh), "s", vmb_median(warm),
                          "<= 60");
    vmb_rows_set(bench->rows, "harness.cpu", vmb_median(percent), "percent", VMB_NONE, "<= 3");
    return TRUE;
}

gboolean vmb_bench_suite(VmbBench *bench, GError **error)
{
    return bench_shared(bench, error) && bench_all(bench, error);
}
