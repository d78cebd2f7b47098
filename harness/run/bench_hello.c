/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_hello.h"

#include "bench_guest.h"
#include "bench_run.h"

static const char *const machines[] = {"x86", "raspi4b"};

/* The figures of one machine's runs, arrays of double. */
typedef struct {
    GArray *restored, *cold, *bare;
    GArray *restored_phases[VMB_PHASES], *cold_phases[VMB_PHASES];
} Times;

static GArray *numbers(void)
{
    return g_array_new(FALSE, FALSE, sizeof(double));
}

static Times *times_new(void)
{
    Times *times = g_new0(Times, 1);

    times->restored = numbers();
    times->cold = numbers();
    times->bare = numbers();
    for (guint i = 0; i < VMB_PHASES; i++) {
        times->restored_phases[i] = numbers();
        times->cold_phases[i] = numbers();
    }
    return times;
}

static void times_free(Times *times)
{
    g_array_unref(times->restored);
    g_array_unref(times->cold);
    g_array_unref(times->bare);
    for (guint i = 0; i < VMB_PHASES; i++) {
        g_array_unref(times->restored_phases[i]);
        g_array_unref(times->cold_phases[i]);
    }
    g_free(times);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Times, times_free)

static gboolean time_hello(const VmbBench *bench, const char *machine, const char *option,
                           GArray *totals, GArray **phases, GError **error)
{
    const char *const options[] = {"--machine", machine, "hello", option, NULL};
    double each[VMB_PHASES];
    double total;

    if (!vmb_time_run(bench, options, NULL, &total, each, error)) {
        return FALSE;
    }
    g_array_append_val(totals, total);
    for (guint i = 0; i < VMB_PHASES; i++) {
        g_array_append_val(phases[i], each[i]);
    }
    return TRUE;
}

/* The same guest with nothing of the harness around it but what waits for the agent. */
static gboolean time_bare(const VmbBench *bench, const char *machine, GArray *seconds,
                          GError **error)
{
    static const VmbBenchRange range = {"vmmio0", "127.0.0.1:0", ""};
    gint64 start = g_get_monotonic_time();
    g_autoptr(VmbBenchGuest) guest =
        vmb_bench_guest_start(bench, machine, &range, 1, NULL, error);
    double taken = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;

    if (guest == NULL) {
        return FALSE;
    }
    g_array_append_val(seconds, taken);
    return vmb_guest_quit(guest->guest, error);
}

static gboolean time_machine(const VmbBench *bench, const char *machine, Times *times,
                             GError **error)
{
    return time_hello(bench, machine, NULL, times->restored, times->restored_phases, error) &&
           time_hello(bench, machine, "--cold", times->cold, times->cold_phases, error) &&
           time_bare(bench, machine, times->bare, error);
}

static void set_bar(VmbBar *bar, const char *title, GArray **phases)
{
    bar->title = title;
    for (guint i = 0; i < VMB_PHASES; i++) {
        bar->seconds[i] = vmb_median(phases[i]);
    }
}

static gboolean bench_machine(VmbBench *bench, guint which, VmbBar *bars, GError **error)
{
    const char *machine = machines[which];
    g_autofree char *snapshot_row = g_strdup_printf("run.snapshot.%s", machine);
    g_autofree char *cold_row = g_strdup_printf("run.cold.%s", machine);
    const char *const warm[] = {"--machine", machine, "hello", NULL};
    g_autoptr(Times) times = times_new();
    double first;

    if (!vmb_time_run(bench, warm, NULL, &first, NULL, error)) { /* there is a snapshot then */
        return FALSE;
    }
    for (gint run = 0; run < bench->runs; run++) {
        vmb_bench_progress(bench, snapshot_row, run);
        if (!time_machine(bench, machine, times, error)) {
            return FALSE;
        }
    }
    vmb_rows_set_absolute(bench->rows, snapshot_row, vmb_median(times->restored), "s",
                          vmb_median(times->cold), "<= 0.35");
    vmb_rows_set_absolute(bench->rows, cold_row, vmb_median(times->cold), "s",
                          vmb_median(times->bare), "<= 2.2");
    set_bar(&bars[which], machine, times->restored_phases);
    set_bar(&bars[which + G_N_ELEMENTS(machines)], machine, times->cold_phases);
    return TRUE;
}

gboolean vmb_bench_hello(VmbBench *bench, GError **error)
{
    VmbBar bars[VMB_BARS];

    for (guint i = 0; i < G_N_ELEMENTS(machines); i++) {
        if (!bench_machine(bench, i, bars, error)) {
            return FALSE;
        }
    }
    return vmb_chart_write(bench, bars, error);
}
