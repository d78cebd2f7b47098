/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_client.h"

#include "bench_guest.h"
#include "bench_numbers.h"
#include "paths.h"
#include "pin.h"

/* Linux is told of less than this, so that writing there does no harm. */
#define UNUSED_ADDRESS "0x30000000"
#define LINUX_MEMORY "mem=512M"

#define CPU_REQUESTS "100000"
#define MEGABYTES "64"
#define RAW_REQUESTS "1000000"

/* A request carries 32 bytes. */
#define MB_PER_REQUEST 32e-6

static const VmbBenchRange range = {"client", "127.0.0.1:0", ""};

enum { READ, WRITE, DMA_ROWS };

static const struct {
    const char *name;
    const char *operation;
} dma_rows[DMA_ROWS] = {
    [READ] = {"client.dma.read", "read"},
    [WRITE] = {"client.dma.write", "write"},
};

typedef struct {
    GArray *bare, *coreio, *python;
    GArray *dma[DMA_ROWS], *raw[DMA_ROWS];
} Samples;

static gboolean measure_cpu(const VmbBench *bench, const char *kind, GArray *values,
                            GError **error)
{
    g_autofree char *cpu = g_strdup_printf("%d", vmb_cpu_pair().near_end);
    const char *const argv[] = {VMB_CLIENT_CPU, kind, CPU_REQUESTS, cpu, NULL};

    return vmb_number_outside(bench, argv, 1, values, error);
}

static gboolean measure_python(const VmbBench *bench, GArray *values, GError **error)
{
    g_autofree char *cpu = g_strdup_printf("%d", vmb_cpu_pair().near_end);
    const char *const argv[] = {
        VMB_CLIENT_CPU, "exec", CPU_REQUESTS, cpu, "env", "PYTHONPATH=" VMB_PYTHON_PATH, VMB_PYTHON,
        VMB_CLIENT_CPU_PY, NULL,
    };

    return vmb_number_outside(bench, argv, 1, values, error);
}

static gboolean measure_dma(const VmbBench *bench, const char *operation, const char *endpoint,
                            GArray *values, GError **error)
{
    g_autofree char *cpu = g_strdup_printf("%d", vmb_cpu_pair().near_end);
    const char *const argv[] = {
        VMB_CLIENT_DMA, operation, MEGABYTES, UNUSED_ADDRESS, cpu, endpoint, NULL,
    };

    return vmb_number_outside(bench, argv, 1, values, error);
}

static gboolean measure_raw(const VmbBench *bench, const char *operation, GArray *values,
                            GError **error)
{
    VmbCpuPair cpus = vmb_cpu_pair();
    g_autofree char *near_end = g_strdup_printf("%d", cpus.near_end);
    g_autofree char *far_end = g_strdup_printf("%d", cpus.far_end);
    const char *const argv[] = {
        VMB_DMA_STREAM, "-m", operation, RAW_REQUESTS, near_end, "tcp", far_end, NULL,
    };

    return vmb_number_outside(bench, argv, MB_PER_REQUEST, values, error);
}

static gboolean take_turn(const VmbBench *bench, const char *endpoint, Samples *samples,
                          GError **error)
{
    if (!measure_cpu(bench, "bare", samples->bare, error) ||
        !measure_cpu(bench, "coreio", samples->coreio, error) ||
        !measure_python(bench, samples->python, error)) {
        return FALSE;
    }
    for (gsize i = 0; i < DMA_ROWS; i++) {
        const char *operation = dma_rows[i].operation;

        if (!measure_raw(bench, operation, samples->raw[i], error) ||
            !measure_dma(bench, operation, endpoint, samples->dma[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean take_turns(const VmbBench *bench, VmbGuest *guest, Samples *samples,
                           GError **error)
{
    g_autofree char *endpoint = vmb_guest_endpoint_of(guest, range.id, error);

    for (gint run = 0; endpoint != NULL && run < bench->runs; run++) {
        vmb_bench_progress(bench, "client library", run);
        if (!take_turn(bench, endpoint, samples, error)) {
            return FALSE;
        }
    }
    return endpoint != NULL;
}

static void set_rows(const VmbBench *bench, const Samples *samples)
{
    double bare = vmb_median(samples->bare);

    vmb_rows_set_absolute(bench->rows, "client.c.cpu", vmb_median(samples->coreio) - bare, "us",
                          bare, "<= 1.0");
    vmb_rows_set_absolute(bench->rows, "client.py.cpu", vmb_median(samples->python), "us", bare,
                          "<= 25");
    for (gsize i = 0; i < DMA_ROWS; i++) {
        vmb_rows_set_absolute(bench->rows, dma_rows[i].name, vmb_median(samples->dma[i]), "MB_s",
                              vmb_median(samples->raw[i]), ">= 150");
    }
}

static GArray *new_values(void)
{
    return g_array_new(FALSE, FALSE, sizeof(double));
}

gboolean vmb_bench_client(VmbBench *bench, GError **error)
{
    Samples samples = {
        .bare = new_values(), .coreio = new_values(), .python = new_values(),
        .dma = {new_values(), new_values()}, .raw = {new_values(), new_values()},
    };
    g_autoptr(VmbBenchGuest) guest =
        vmb_bench_guest_start(bench, "raspi4b", &range, 1, LINUX_MEMORY, error);
    gboolean ok = guest != NULL && take_turns(bench, guest->guest, &samples, error) &&
                  vmb_guest_quit(guest->guest, error);

    if (ok) {
        set_rows(bench, &samples);
    }
    g_array_unref(samples.bare);
    g_array_unref(samples.coreio);
    g_array_unref(samples.python);
    for (gsize i = 0; i < DMA_ROWS; i++) {
        g_array_unref(samples.dma[i]);
        g_array_unref(samples.raw[i]);
    }
    return ok;
}
