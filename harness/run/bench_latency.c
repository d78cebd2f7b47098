/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_latency.h"

#include "bench_rows.h"
#include "guest.h"
#include "handler.h"
#include "paths.h"
#include "pin.h"
#include "process.h"
#include "program.h"

#define BOOT_MS 60000
#define CLAIM_MS 5000
#define MEASURE_MS 60000

/* Of one turn: half a second or so for each side. */
#define ACCESSES "10000"

/* Median of the lines of numbers, or VMB_ERROR_PROGRAM_FAILED when one is none. */
static gboolean median_of_lines(const char *text, double *median, GError **error)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL && **line != '\0'; line++) {
        char *end;
        double value = g_ascii_strtod(*line, &end);

        if (*end != '\0' || value <= 0) {
            g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_FAILED,
                        "a measuring program printed `%s`: rebuild it", *line);
            return FALSE;
        }
        g_array_append_val(values, value);
    }
    if (values->len == 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_FAILED,
                    "a measuring program printed nothing: rebuild it");
        return FALSE;
    }
    *median = vmb_median(values);
    return TRUE;
}

static gboolean measure_guest(VmbGuest *guest, GArray *values, GError **error)
{
    static const char *const argv[] = {"vmmio-latency", "-n", ACCESSES, "read", NULL};
    g_autoptr(VmbProgramResult) result =
        vmb_program_run(vmb_guest_agent(guest), argv, MEASURE_MS, error);
    double ns;

    if (result == NULL || !median_of_lines(result->out->str, &ns, error)) {
        return FALSE;
    }
    ns /= 1000;
    g_array_append_val(values, ns);
    return TRUE;
}

/* Each end on a CPU of its own, in both measurements: otherwise they do not compare. */
static gboolean pin_ends(VmbGuest *guest, VmbHandler *handler, GError **error)
{
    VmbCpuPair cpus = vmb_cpu_pair();

    return vmb_guest_pin_vcpus(guest, cpus.near_end, error) &&
           vmb_handler_pin(handler, cpus.far_end, error);
}

static gboolean measure_raw(const char *log_dir, VmbAlarm *alarm, GArray *values, GError **error)
{
    VmbCpuPair cpus = vmb_cpu_pair();
    g_autofree char *near_end = g_strdup_printf("%d", cpus.near_end);
    g_autofree char *far_end = g_strdup_printf("%d", cpus.far_end);
    const char *const argv[] = {VMB_PINGPONG, ACCESSES, near_end, far_end, NULL};
    g_autofree char *log = g_build_filename(log_dir, "pingpong.log", NULL);
    g_autoptr(GSubprocessLauncher) launcher = vmb_process_launcher_new();

    if (!vmb_process_log_to(launcher, log, TRUE, error)) {
        return FALSE;
    }
    g_autoptr(VmbProcess) process = vmb_process_start(launcher, argv, NULL, NULL, error);

    if (process == NULL || !vmb_process_wait_or_kill(process, MEASURE_MS, alarm, error)) {
        return FALSE;
    }
    g_autofree char *line = vmb_last_line(log);
    double ns;

    if (!vmb_process_succeeded(process)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_FAILED, "%s failed: %s: try it by hand",
                    argv[0], line != NULL ? line : "it does not say why");
        return FALSE;
    }
    if (!median_of_lines(line != NULL ? line : "", &ns, error)) {
        return FALSE;
    }
    ns /= 1000;
    g_array_append_val(values, ns);
    return TRUE;
}

static gboolean take_turns(VmbGuest *guest, const char *log_dir, guint runs, VmbAlarm *alarm,
                           VmbLatency *latency, GError **error)
{
    g_autoptr(GArray) guest_values = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) raw_values = g_array_new(FALSE, FALSE, sizeof(double));

    for (guint i = 0; i < runs; i++) {
        if (!measure_raw(log_dir, alarm, raw_values, error) ||
            !measure_guest(guest, guest_values, error)) {
            return FALSE;
        }
    }
    latency->guest_us = vmb_median(guest_values);
    latency->raw_us = vmb_median(raw_values);
    return TRUE;
}

gboolean vmb_measure_latency(const VmbSettings *settings, const VmbMachine *machine,
                             const char *log_dir, guint runs, VmbAlarm *alarm, VmbLatency *latency,
                             GError **error)
{
    g_autoptr(VmbGuestConfig) config = vmb_settings_guest(settings, machine);
    g_autoptr(VmbGuest) guest = vmb_guest_start(config, log_dir, alarm, error);
    const char *endpoint = guest != NULL ? vmb_guest_endpoint(guest, error) : NULL;

    if (endpoint == NULL ||
        !vmb_agent_link_wait_ready(vmb_guest_agent(guest), BOOT_MS, error)) {
        return FALSE;
    }
    g_autoptr(VmbHandler) handler =
        vmb_handler_start(VMB_BENCH_HANDLER, endpoint, log_dir, alarm, error);

    return handler != NULL && vmb_guest_wait_claim(guest, CLAIM_MS, error) &&
           pin_ends(guest, handler, error) &&
           take_turns(guest, log_dir, runs, alarm, latency, error) &&
           vmb_handler_stop(handler, error) && vmb_guest_quit(guest, error);
}
