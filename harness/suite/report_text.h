/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of text that several reporters share. */
#ifndef VMBENCH_REPORT_TEXT_H
#define VMBENCH_REPORT_TEXT_H

#include "run_outcome.h"

/*
 * The text as UTF-8 that does nothing to a terminal and that XML can hold: what a guest printed may be any
 * bytes. Those that are no UTF-8, and the bytes of control characters, become \033 and the like;
 * line ends and tabs stay. Free with g_free().
 */
char *vmb_report_printable(const char *text);

/* The same as one line: line ends and tabs become \n and \t. */
char *vmb_report_line(const char *text);

/* `path` as seen from the directory `base`, when it is below it. Borrowed from `path`. */
const char *vmb_report_relative(const char *path, const char *base);

/* "FILE:LINE" of a failure, or "FILE", seen from the directory `base`; NULL: nowhere. Free with g_free(). */
char *vmb_report_place(const VmbResult *result, const char *base);

/* "mismatch: line 18: ...", the failure in one line. Free with g_free(). */
char *vmb_report_reason(const VmbResult *result);

/*
 * All that there is to read about a result beside its reason, as printable lines: earlier attempts, step
 * and place, details, note, logs. Empty when there is nothing. Free with g_free().
 */
char *vmb_report_explanation(const VmbResult *result, const char *base);

/* Each line of `text` with `prefix` before it, and a line end after the last. Free with g_free(). */
char *vmb_report_indent(const char *text, const char *prefix);

/* Microseconds since 1970 as ISO 8601: "2026-02-28T13:45:06Z". Free with g_free(). */
char *vmb_report_date(gint64 date);

/* "3 passed, 1 failed, 0 flaky, 0 skipped". Free with g_free(). */
char *vmb_report_counts(const VmbCounts *counts);

#endif
