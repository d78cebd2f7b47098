/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_access.h"

#include "bench_guest.h"
#include "bench_numbers.h"
#include "handler.h"
#include "paths.h"
#include "pin.h"

#define CLAIM_MS 5000
#define US_PER_NS 0.001

/* Addresses that differ keep the endpoints apart though each takes any free port. */
enum { TCP_BLOCK, TCP_POLL, UNIX_BLOCK, UNIX_POLL, UNIX_POSTED, NOBODY };

static const VmbBenchRange ranges[] = {
    [TCP_BLOCK] = {"tcp-block", "127.0.0.1:0", ",poll-us=0"},
    [TCP_POLL] = {"tcp-poll", "127.0.0.2:0", ",poll-us=50"},
    [UNIX_BLOCK] = {"unix-block", "unix", ",poll-us=0"},
    [UNIX_POLL] = {"unix-poll", "unix", ",poll-us=50"},
    [UNIX_POSTED] = {"unix-posted", "unix", ",posted-writes=on"},
    [NOBODY] = {"nobody", "127.0.0.3:0", ""},
};

/*
 * A row. Counts make a turn of half a second or so. The time of posted writes counts a handler that
 * keeps up, without waiting for it; drained ones end with a read that must come after them.
 */
typedef struct {
    const char *name;
    gsize range;
    const char *operation; /* of vmmio-latency */
    const char *count;
    const char *batches;
    const char *handler; /* "block" or "poll", NULL: none */
    const char *raw;     /* socket of the ping-pong beside it, NULL: none */
    const char *raw_count;
    gboolean one_cpu;
    const char *bar; /* of the ratio; of posted writes, which wait for no reply: of the value */
} Row;

static const Row rows[] = {
    {"mmio.read.tcp.block", TCP_BLOCK, "read", "5000", "20", "block", "tcp", "5000", FALSE,
     "<= 1.15"},
    {"mmio.writea.tcp.block", TCP_BLOCK, "write", "5000", "20", "block", "tcp", "5000", FALSE,
     "<= 1.15"},
    {"mmio.read.unix.block", UNIX_BLOCK, "read", "5000", "20", "block", "unix", "5000", FALSE,
     "<= 1.15"},
    {"mmio.writea.unix.block", UNIX_BLOCK, "write", "5000", "20", "block", "unix", "5000", FALSE,
     "<= 1.15"},
    {"mmio.read.tcp.poll", TCP_POLL, "read", "20000", "20", "poll", "tcp", "20000", FALSE,
     "<= 1.5"},
    {"mmio.read.unix.poll", UNIX_POLL, "read", "20000", "20", "poll", "unix", "20000", FALSE,
     "<= 1.5"},
    {"mmio.read.unix.samecpu", UNIX_BLOCK, "read", "20000", "20", "block", "unix", "20000", TRUE,
     "<= 2.0"},
    {"mmio.write.posted", UNIX_POSTED, "write", "20000", "100", "block", "unix", "5000", FALSE,
     "<= 0.6"},
    {"mmio.write.posted.drained", UNIX_POSTED, "drain", "100000", "10", "block", "unix", "5000",
     FALSE, "<= 1.3"},
    {"mmio.read.nohandler", NOBODY, "read", "500000", "20", NULL, NULL, NULL, FALSE, "<= 0.25"},
};

typedef struct {
    GArray *values;
    GArray *baselines;
} Samples;

static gboolean measure_raw(const VmbBench *bench, const Row *row, GArray *values, GError **error)
{
    VmbCpuPair cpus = vmb_cpu_pair();
    g_autofree char *near_end = g_strdup_printf("%d", cpus.near_end);
    g_autofree char *far_end = g_strdup_printf("%d", cpus.far_end);
    const char *const argv[] = {
        VMB_PINGPONG, row->raw, row->handler, row->raw_count, row->batches,
        near_end,     row->one_cpu ? near_end : far_end, NULL,
    };

    return vmb_number_outside(bench, argv, US_PER_NS, values, error);
}

static gboolean measure_guest(VmbGuest *guest, const Row *row, GArray *values, GError **error)
{
    g_autofree char *address =
        g_strdup_printf("0x%" G_GINT64_MODIFIER "x", vmb_bench_range_start(row->range));
    const char *const argv[] = {
        "vmmio-latency", "-a", address, "-n", row->count, "-b", row->batches, row->operation, NULL,
    };

    return vmb_number_inside(guest, argv, US_PER_NS, values, error);
}

static VmbHandler *start_handler(const VmbBench *bench, VmbGuest *guest, const Row *row,
                                 GError **error)
{
    const char *id = ranges[row->range].id;
    VmbCpuPair cpus = vmb_cpu_pair();
    g_autofree char *endpoint = vmb_guest_endpoint_of(guest, id, error);
    const char *const argv[] = {VMB_BENCH_HANDLER, row->handler, endpoint, NULL};
    const VmbHandlerSpec spec = {.argv = argv};
    g_autoptr(VmbHandler) handler =
        endpoint != NULL ? vmb_handler_start_spec(&spec, bench->log_dir, bench->alarm, error)
                         : NULL;

    if (handler == NULL || !vmb_guest_wait_handler(guest, id, TRUE, CLAIM_MS, error) ||
        !vmb_handler_pin(handler, row->one_cpu ? cpus.near_end : cpus.far_end, error)) {
        return NULL;
    }
    return g_steal_pointer(&handler);
}

/* The handler runs no longer than its measurement: a polling one would keep a CPU busy. */
static gboolean measure_with_handler(const VmbBench *bench, VmbGuest *guest, const Row *row,
                                     GArray *values, GError **error)
{
    g_autoptr(VmbHandler) handler = start_handler(bench, guest, row, error);

    return handler != NULL && measure_guest(guest, row, values, error) &&
           vmb_handler_stop(handler, error) &&
           vmb_guest_wait_handler(guest, ranges[row->range].id, FALSE, CLAIM_MS, error);
}

static gboolean measure_row(const VmbBench *bench, VmbGuest *guest, const Row *row,
                            Samples *samples, GError **error)
{
    if (row->raw != NULL && !measure_raw(bench, row, samples->baselines, error)) {
        return FALSE;
    }
    return row->handler != NULL
               ? measure_with_handler(bench, guest, row, samples->values, error)
               : measure_guest(guest, row, samples->values, error);
}

static gboolean take_turns(const VmbBench *bench, VmbGuest *guest, Samples *samples,
                           GError **error)
{
    for (gint run = 0; run < bench->runs; run++) {
        vmb_bench_progress(bench, "accesses", run);
        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
            if (!measure_row(bench, guest, &rows[i], &samples[i], error)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

static void set_row(const VmbBench *bench, const Row *row, const Samples *samples)
{
    double baseline = samples->baselines->len > 0 ? vmb_median(samples->baselines) : VMB_NONE;

    (row->range == UNIX_POSTED ? vmb_rows_set_absolute : vmb_rows_set)(
        bench->rows, row->name, vmb_median(samples->values), "us", baseline, row->bar);
}

gboolean vmb_bench_access(VmbBench *bench, GError **error)
{
    Samples samples[G_N_ELEMENTS(rows)];
    g_autoptr(VmbBenchGuest) guest =
        vmb_bench_guest_start(bench, "raspi4b", ranges, G_N_ELEMENTS(ranges), NULL, error);
    gboolean ok;

    if (guest == NULL ||
        !vmb_guest_pin_vcpus(guest->guest, vmb_cpu_pair().near_end, error)) {
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        samples[i].values = g_array_new(FALSE, FALSE, sizeof(double));
        samples[i].baselines = g_array_new(FALSE, FALSE, sizeof(double));
    }
    ok = take_turns(bench, guest->guest, samples, error) && vmb_guest_quit(guest->guest, error);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (ok) {
            set_row(bench, &rows[i], &samples[i]);
        }
        g_array_unref(samples[i].values);
        g_array_unref(samples[i].baselines);
    }
    return ok;
}
