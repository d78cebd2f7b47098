/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "terminal.h"

#define STEPS_MAX 16

typedef struct {
    const char *key;
    const char *title;
    gint64 started;
    double seconds; /* -1 until it has ended */
} Step;

struct VmbReport {
    char *name;
    char *log_dir;
    FILE *log;
    gboolean live; /* standard output is a terminal whose lines can be taken back */
    gboolean colour;
    Step steps[STEPS_MAX];
    guint count;
};

VmbReport *vmb_report_new(const char *name, const char *log_dir, GError **error)
{
    g_autofree char *path = g_build_filename(log_dir, "vmbench.log", NULL);
    FILE *log = fopen(path, "we");

    if (log == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot write %s: %s: choose another directory with --logs", path,
                    g_strerror(errno));
        return NULL;
    }
    VmbReport *report = g_new0(VmbReport, 1);

    setvbuf(log, NULL, _IOLBF, 0);
    report->name = g_strdup(name);
    report->log_dir = g_strdup(log_dir);
    report->log = log;
    report->live = vmb_terminal_is_live(STDOUT_FILENO);
    report->colour = vmb_terminal_has_colour(STDOUT_FILENO);
    return report;
}

void vmb_report_free(VmbReport *report)
{
    fclose(report->log);
    g_free(report->name);
    g_free(report->log_dir);
    g_free(report);
}

static void clear_live_line(const VmbReport *report)
{
    if (report->live) {
        fputs("\r\033[K", stdout);
    }
}

void vmb_report_step(VmbReport *report, const char *key, const char *title)
{
    g_return_if_fail(report->count < STEPS_MAX);
    report->steps[report->count++] = (Step){key, title, g_get_monotonic_time(), -1};
    if (report->live) {
        printf("%-8s %-26s ...", report->name, title);
    }
    fflush(stdout);
}

void vmb_report_done(VmbReport *report, const char *format, ...)
{
    Step *step = &report->steps[report->count - 1];
    va_list values;

    va_start(values, format);
    g_autofree char *result = g_strdup_vprintf(format, values);
    va_end(values);
    step->seconds = (double)(g_get_monotonic_time() - step->started) / G_USEC_PER_SEC;

    g_autofree char *line = g_strdup_printf("%-8s %-26s %6.2f s%s%s\n", report->name, step->title,
                                            step->seconds, result[0] != '\0' ? "  " : "", result);

    clear_live_line(report);
    vmb_report_text(report, line);
}

double vmb_report_seconds(const VmbReport *report, const char *key)
{
    for (guint i = 0; i < report->count; i++) {
        if (g_str_equal(report->steps[i].key, key)) {
            return report->steps[i].seconds;
        }
    }
    return -1;
}

void vmb_report_each(const VmbReport *report,
                     void (*step)(gpointer data, const char *key, double seconds), gpointer data)
{
    for (guint i = 0; i < report->count; i++) {
        if (report->steps[i].seconds >= 0) {
            step(data, report->steps[i].key, report->steps[i].seconds);
        }
    }
}

void vmb_report_text(VmbReport *report, const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
    vmb_report_log(report, text);
}

void vmb_report_log(VmbReport *report, const char *text)
{
    fputs(text, report->log);
}

void vmb_report_log_command(VmbReport *report, const VmbGuestConfig *config)
{
    g_auto(GStrv) argv = vmb_guest_config_command(config);
    g_autofree char *command = vmb_command_text((const char *const *)argv);

    fprintf(report->log, "%s\n", command);
}

void vmb_report_passed(VmbReport *report, double seconds)
{
    g_autofree char *line = g_strdup_printf("%-8s passed in %.2f s\n", report->name, seconds);

    vmb_report_log(report, line);
    printf("%-8s %spassed%s in %.2f s\n", report->name, report->colour ? "\033[32m" : "",
           report->colour ? "\033[0m" : "", seconds);
    fflush(stdout);
}

void vmb_report_failed(VmbReport *report, const GError *error)
{
    g_autofree char *log = g_build_filename(report->log_dir, vmb_error_log_name(error), NULL);
    g_autofree char *line =
        g_strdup_printf("vmbench: %s: %s (log: %s)\n", report->name, error->message, log);

    clear_live_line(report);
    fflush(stdout);
    vmb_report_log(report, line);
    gboolean colour = vmb_terminal_has_colour(STDERR_FILENO);

    fprintf(stderr, "%s%s%s", colour ? "\033[31m" : "", line, colour ? "\033[0m" : "");
}
