/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_numbers.h"

#include "log_tail.h"
#include "process.h"
#include "program.h"

#define MEASURE_MS 60000

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

static gboolean append_median(const char *text, double scale, GArray *values, GError **error)
{
    double median;

    if (!median_of_lines(text, &median, error)) {
        return FALSE;
    }
    median *= scale;
    g_array_append_val(values, median);
    return TRUE;
}

static gboolean read_text(const char *path, char **text, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (!g_file_get_contents(path, text, NULL, &cause)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s: choose another directory with --logs",
                    cause->message);
        return FALSE;
    }
    return TRUE;
}

gboolean vmb_number_outside(const VmbBench *bench, const char *const *argv, double scale,
                            GArray *values, GError **error)
{
    g_autofree char *name = g_path_get_basename(argv[0]);
    g_autofree char *file = g_strconcat(name, ".log", NULL);
    g_autofree char *log = g_build_filename(bench->log_dir, file, NULL);
    g_autoptr(GSubprocessLauncher) launcher = vmb_process_launcher_new();

    if (!vmb_process_log_to(launcher, log, TRUE, error)) {
        return FALSE;
    }
    g_autoptr(VmbProcess) process = vmb_process_start(launcher, argv, NULL, NULL, error);

    if (process == NULL || !vmb_process_wait_or_kill(process, MEASURE_MS, bench->alarm, error)) {
        return FALSE;
    }
    if (!vmb_process_succeeded(process)) {
        g_autofree char *line = vmb_last_line(log);

        g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_FAILED, "%s failed: %s: try it by hand",
                    argv[0], line != NULL ? line : "it does not say why");
        return FALSE;
    }
    g_autofree char *text = NULL;

    return read_text(log, &text, error) && append_median(text, scale, values, error);
}

gboolean vmb_number_inside(VmbGuest *guest, const char *const *argv, double scale, GArray *values,
                           GError **error)
{
    g_autoptr(VmbProgramResult) result =
        vmb_program_run(vmb_guest_agent(guest), argv, MEASURE_MS, error);

    return result != NULL && append_median(result->out->str, scale, values, error);
}
