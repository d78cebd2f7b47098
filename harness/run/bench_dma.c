/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_dma.h"

#include "bench_guest.h"
#include "bench_numbers.h"
#include "paths.h"
#include "pin.h"

/* Linux is told of less than this, so that writing there does no harm. */
#define UNUSED_ADDRESS "0x30000000"
#define LINUX_MEMORY "mem=512M"

static const VmbBenchRange range = {"dma", "127.0.0.1:0", ""};

typedef struct {
    const char *name;
    const char *operation; /* of dma-stream */
    const char *count;     /* requests of a turn */
    gboolean many;         /* requests by one send(), which is the harder baseline */
    const char *bar;
} Row;

static const Row rows[] = {
    {"dma.read.raw", "read", "1000000", TRUE, ">= 0.8"},
    {"dma.write.raw", "write", "1000000", TRUE, ">= 0.8"},
    {"dma.read.single", "read", "200000", FALSE, ">= 0.8"},
    {"dma.write.single", "write", "200000", FALSE, ">= 0.8"},
};

typedef struct {
    GArray *values;
    GArray *baselines;
} Samples;

/* Against the device at `endpoint`, or when that is NULL against a raw socket. */
static gboolean measure(const VmbBench *bench, const Row *row, const char *endpoint,
                        GArray *values, GError **error)
{
    VmbCpuPair cpus = vmb_cpu_pair();
    g_autofree char *near_end = g_strdup_printf("%d", cpus.near_end);
    g_autofree char *far_end = g_strdup_printf("%d", cpus.far_end);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    g_ptr_array_add(argv, (char *)VMB_DMA_STREAM);
    g_ptr_array_add(argv, (char *)"-a" UNUSED_ADDRESS);
    if (row->many) {
        g_ptr_array_add(argv, (char *)"-m");
    }
    g_ptr_array_add(argv, (char *)row->operation);
    g_ptr_array_add(argv, (char *)row->count);
    g_ptr_array_add(argv, near_end);
    g_ptr_array_add(argv, (char *)(endpoint != NULL ? endpoint : "tcp"));
    g_ptr_array_add(argv, endpoint != NULL ? NULL : far_end);
    g_ptr_array_add(argv, NULL);
    return vmb_number_outside(bench, (const char *const *)argv->pdata, 1, values, error);
}

static gboolean take_turns(const VmbBench *bench, VmbGuest *guest, Samples *samples,
                           GError **error)
{
    g_autofree char *endpoint = vmb_guest_endpoint_of(guest, range.id, error);

    for (gint run = 0; endpoint != NULL && run < bench->runs; run++) {
        vmb_bench_progress(bench, "DMA", run);
        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
            if (!measure(bench, &rows[i], NULL, samples[i].baselines, error) ||
                !measure(bench, &rows[i], endpoint, samples[i].values, error)) {
                return FALSE;
            }
        }
    }
    return endpoint != NULL;
}

gboolean vmb_bench_dma(VmbBench *bench, GError **error)
{
    Samples samples[G_N_ELEMENTS(rows)];
    g_autoptr(VmbBenchGuest) guest =
        vmb_bench_guest_start(bench, "raspi4b", &range, 1, LINUX_MEMORY, error);
    gboolean ok;

    if (guest == NULL ||
        !vmb_guest_pin(guest->guest, vmb_cpu_pair().far_end, error)) {
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        samples[i].values = g_array_new(FALSE, FALSE, sizeof(double));
        samples[i].baselines = g_array_new(FALSE, FALSE, sizeof(double));
    }
    ok = take_turns(bench, guest->guest, samples, error) && vmb_guest_quit(guest->guest, error);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (ok) {
            vmb_rows_set(bench->rows, rows[i].name, vmb_median(samples[i].values), "per_s",
                         vmb_median(samples[i].baselines), rows[i].bar);
        }
        g_array_unref(samples[i].values);
        g_array_unref(samples[i].baselines);
    }
    return ok;
}
