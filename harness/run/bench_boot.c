/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_boot.h"

#include "bench_guest.h"

/* A difference of 2 % needs more boots than other rows: by chance one takes 5 % longer or less. */
#define BOOTS_PER_RUN 3

/* Equal addresses: one endpoint, as with a handler that models a board of eight devices. */
static const VmbBenchRange ranges[] = {
    {"r0", "127.0.0.1:0", ""}, {"r1", "127.0.0.1:0", ""}, {"r2", "127.0.0.1:0", ""},
    {"r3", "127.0.0.1:0", ""}, {"r4", "127.0.0.1:0", ""}, {"r5", "127.0.0.1:0", ""},
    {"r6", "127.0.0.1:0", ""}, {"r7", "127.0.0.1:0", ""},
};

static gboolean time_boot(const VmbBench *bench, const char *machine, gsize count, GArray *seconds,
                          GError **error)
{
    gint64 start = g_get_monotonic_time();
    g_autoptr(VmbBenchGuest) guest =
        vmb_bench_guest_start(bench, machine, ranges, count, NULL, error);
    double taken = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;

    if (guest == NULL) {
        return FALSE;
    }
    g_array_append_val(seconds, taken);
    return vmb_guest_quit(guest->guest, error);
}

/* The first of two boots may find a colder machine: each kind is the first every other time. */
static gboolean time_both(const VmbBench *bench, const char *machine, gboolean eight_first,
                          GArray *one, GArray *eight, GError **error)
{
    return (!eight_first || time_boot(bench, machine, G_N_ELEMENTS(ranges), eight, error)) &&
           time_boot(bench, machine, 1, one, error) &&
           (eight_first || time_boot(bench, machine, G_N_ELEMENTS(ranges), eight, error));
}

static gboolean bench_machine(VmbBench *bench, const char *machine, GError **error)
{
    g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) eight = g_array_new(FALSE, FALSE, sizeof(double));
    g_autofree char *row = g_strdup_printf("boot.%s.ranges8", machine);

    for (gint run = 0; run < bench->runs; run++) {
        vmb_bench_progress(bench, row, run);
        for (gint boot = 0; boot < BOOTS_PER_RUN; boot++) {
            if (!time_both(bench, machine, (run + boot) % 2 == 1, one, eight, error)) {
                return FALSE;
            }
        }
    }
    vmb_rows_set(bench->rows, row, vmb_median(eight), "s", vmb_median(one), "<= 1.02");
    return TRUE;
}

gboolean vmb_bench_boot(VmbBench *bench, GError **error)
{
    return bench_machine(bench, "x86", error) && bench_machine(bench, "raspi4b", error);
}
