/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_qmp.h"

#include "bench_guest.h"
#include "handler.h"
#include "paths.h"
#include "program.h"

#define CLAIM_MS 5000
#define PROGRAM_MS 5000

/* In a run: enough to meet the vCPU at any moment of its waiting. */
#define QUESTIONS 100

static const VmbBenchRange range = {"silent", "127.0.0.1:0", ",timeout-ms=0,on-timeout=wait"};

/* Whether the range has a handler is a question that needs the BQL, as most commands do. */
static gboolean longest_answer(VmbGuest *guest, gboolean handled, GArray *values, GError **error)
{
    double longest = 0;

    for (int i = 0; i < QUESTIONS; i++) {
        gint64 asked = g_get_monotonic_time();

        if (!vmb_guest_wait_handler(guest, range.id, handled, CLAIM_MS, error)) {
            return FALSE;
        }
        longest = MAX(longest, (double)(g_get_monotonic_time() - asked));
    }
    g_array_append_val(values, longest);
    return TRUE;
}

static gboolean longest_answers(const VmbBench *bench, VmbGuest *guest, gboolean handled,
                                GArray *values, GError **error)
{
    for (gint run = 0; run < bench->runs; run++) {
        vmb_bench_progress(bench, handled ? "QMP during an access" : "QMP", run);
        if (!longest_answer(guest, handled, values, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* In the background of the guest: it ends when the handler does. */
static gboolean start_read(VmbGuest *guest, VmbHandler *handler, GError **error)
{
    g_autofree char *command =
        g_strdup_printf("vmmio-latency -a 0x%" G_GINT64_MODIFIER "x -n 5 -b 5 read >/dev/null 2>&1 &",
                        vmb_bench_range_start(0));
    const char *const argv[] = {"sh", "-c", command, NULL};
    g_autoptr(VmbProgramResult) result =
        vmb_program_run(vmb_guest_agent(guest), argv, PROGRAM_MS, error);

    return result != NULL && vmb_handler_wait_lines(handler, 1, PROGRAM_MS, error);
}

static gboolean during_access(const VmbBench *bench, VmbGuest *guest, GArray *values,
                              GError **error)
{
    g_autofree char *endpoint = vmb_guest_endpoint_of(guest, range.id, error);
    const char *const argv[] = {VMB_BENCH_HANDLER, "silent", endpoint, NULL};
    const VmbHandlerSpec spec = {.argv = argv};
    g_autoptr(VmbHandler) handler =
        endpoint != NULL ? vmb_handler_start_spec(&spec, bench->log_dir, bench->alarm, error)
                         : NULL;

    return handler != NULL && vmb_guest_wait_handler(guest, range.id, TRUE, CLAIM_MS, error) &&
           start_read(guest, handler, error) &&
           longest_answers(bench, guest, TRUE, values, error) && vmb_handler_stop(handler, error);
}

gboolean vmb_bench_qmp(VmbBench *bench, GError **error)
{
    g_autoptr(GArray) idle = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) waiting = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(VmbBenchGuest) guest =
        vmb_bench_guest_start(bench, "raspi4b", &range, 1, NULL, error);

    if (guest == NULL || !longest_answers(bench, guest->guest, FALSE, idle, error) ||
        !during_access(bench, guest->guest, waiting, error) ||
        !vmb_guest_quit(guest->guest, error)) {
        return FALSE;
    }
    vmb_rows_set_absolute(bench->rows, "qmp.latency.waiting", vmb_median(waiting), "us",
                          vmb_median(idle), "<= 100000");
    return TRUE;
}
