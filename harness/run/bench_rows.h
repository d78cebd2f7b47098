/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bench's result: rows by name, kept in a JSON file and shown as a table. */
#ifndef VMBENCH_BENCH_ROWS_H
#define VMBENCH_BENCH_ROWS_H

#include <glib.h>
#include <math.h>

/* No number: null in the file. */
#define VMB_NONE ((double)NAN)

typedef struct VmbRows VmbRows;

/*
 * The rows of an earlier bench, or none when there is no such file. NULL: VMB_ERROR_SETUP, the file
 * is no bench result. Free with vmb_rows_free().
 */
VmbRows *vmb_rows_load(const char *path, GError **error);
void vmb_rows_free(VmbRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbRows, vmb_rows_free)

/*
 * Add or replace a row. `baseline` is what the value is compared with, or VMB_NONE; ratio is
 * value / baseline. `bar` is what is wanted of the ratio, or without a baseline of the value:
 * "<= 1.3" or ">= 0.8"; or NULL.
 */
void vmb_rows_set(VmbRows *rows, const char *name, double value, const char *unit,
                  double baseline, const char *bar);

/*
 * As vmb_rows_set(), but the bar is of the value itself, in its unit, and the baseline is there to
 * look at. The row says so: "bar_of": "value".
 */
void vmb_rows_set_absolute(VmbRows *rows, const char *name, double value, const char *unit,
                           double baseline, const char *bar);

/* FALSE: VMB_ERROR_SETUP, the file cannot be written. It changes as a whole or not at all. */
gboolean vmb_rows_save(const VmbRows *rows, const char *path, GError **error);

/* A table of all rows, sorted by name, with a word on each bar. Free with g_free(). */
char *vmb_rows_table(const VmbRows *rows);

/* Median of an array of double, which is sorted thereby: the mean of two of an even number. */
double vmb_median(GArray *values);

#endif
