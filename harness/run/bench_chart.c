/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_chart.h"

#include <string.h>

#include "log_tail.h"
#include "paths.h"
#include "process.h"

#define DRAW_MS 30000

/* A line for each bar: its title and its phases, between tabs. */
static gboolean write_data(const VmbBar *bars, const char *path, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    for (guint i = 0; i < VMB_BARS; i++) {
        g_string_append(text, bars[i].title);
        for (guint phase = 0; phase < VMB_PHASES; phase++) {
            g_ascii_formatd(number, sizeof(number), "%.4f", bars[i].seconds[phase]);
            g_string_append_printf(text, "\t%s", number);
        }
        g_string_append_c(text, '\n');
    }
    return g_file_set_contents(path, text->str, (gssize)text->len, error);
}

static gboolean draw(const VmbBench *bench, const char *data, const char *svg, GError **error)
{
    g_autofree char *log = g_build_filename(bench->log_dir, "gnuplot.log", NULL);
    const char *const argv[] = {"gnuplot", "-c", VMB_PHASES_PLOT, data, svg, NULL};
    g_autoptr(GSubprocessLauncher) launcher = vmb_process_launcher_new();
    g_autoptr(VmbProcess) process = NULL;
    g_autofree char *last = NULL;

    if (!vmb_process_log_to(launcher, log, TRUE, error)) {
        return FALSE;
    }
    process = vmb_process_start(launcher, argv, NULL, NULL, error);
    if (process == NULL) {
        g_prefix_error(error, "the chart needs Debian's gnuplot-nox: ");
        return FALSE;
    }
    if (!vmb_process_wait_or_kill(process, DRAW_MS, bench->alarm, error)) {
        return FALSE;
    }
    if (!vmb_process_succeeded(process)) {
        last = vmb_last_line(log);
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "gnuplot: %s: see %s",
                    last != NULL ? last : "it failed", log);
        return FALSE;
    }
    return TRUE;
}

static gboolean write_page(const VmbBench *bench, const char *svg, GError **error)
{
    const char *drawing = strstr(svg, "<svg"); /* without what a file of its own begins with */
    g_autofree char *table = vmb_rows_table(bench->rows);
    g_autofree char *escaped = g_markup_escape_text(table, -1);
    g_autofree char *page = g_strdup_printf(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>vmbench bench</title>\n"
        "<h1>Where the time of a run goes</h1>\n"
        "<p><code>vmbench run hello</code>, from its start to its exit, medians of %d runs.</p>\n"
        "%s\n<h1>All rows</h1>\n<pre>%s</pre>\n</html>\n",
        bench->runs, drawing != NULL ? drawing : "", escaped);

    return g_file_set_contents(bench->page, page, -1, error);
}

gboolean vmb_chart_write(const VmbBench *bench, const VmbBar *bars, GError **error)
{
    g_autofree char *data = g_build_filename(bench->log_dir, "phases.dat", NULL);
    g_autofree char *file = g_build_filename(bench->log_dir, "phases.svg", NULL);
    g_autofree char *svg = NULL;
    g_autoptr(GError) cause = NULL;

    if (write_data(bars, data, &cause) && draw(bench, data, file, &cause) &&
        g_file_get_contents(file, &svg, NULL, &cause) && write_page(bench, svg, &cause)) {
        return TRUE;
    }
    g_set_error(error, VMB_ERROR, cause->domain == VMB_ERROR ? cause->code : VMB_ERROR_SETUP,
                "%s: %s", bench->page, cause->message);
    return FALSE;
}
