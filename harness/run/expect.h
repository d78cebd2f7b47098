/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing an output with what was expected, line by line. */
#ifndef VMBENCH_EXPECT_H
#define VMBENCH_EXPECT_H

#include <glib.h>

/*
 * One line that differs, each side with its line end if it has one. NULL: that side has ended
 * before this line.
 */
typedef struct {
    guint line; /* from 1 */
    GString *expected;
    GString *got;
} VmbDifference;

typedef struct {
    guint expected_lines;
    guint got_lines;
    GPtrArray *differences; /* of VmbDifference, in the order of their lines */
} VmbComparison;

/*
 * Compare line N of one text with line N of the other, byte for byte: a NUL is a byte like any
 * other, and a last line without a line end differs from one that has it. Free with
 * vmb_comparison_free().
 */
VmbComparison *vmb_compare(const GString *expected, const GString *got);
/* Whether a line is what was expected; both with their line ends. */
typedef gboolean (*VmbLinesMatch)(const GString *expected, const GString *got);

/* The same, lines being equal when `match` says so. A line that one side lacks always differs. */
VmbComparison *vmb_compare_by(const GString *expected, const GString *got, VmbLinesMatch match);

void vmb_comparison_free(VmbComparison *comparison);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbComparison, vmb_comparison_free)

/*
 * Says what a line is about, such as "width 2, element 1"; the result is freed with g_free(). Where
 * one is asked for NULL will do: lines are then only counted.
 */
typedef char *(*VmbLinePlace)(guint line);

/*
 * A difference as one line of text without line end, place included: "line 18 (width 2, element
 * 1): expected ` 1: 0xaaaa`, got ` 1: 0xaabb`". A line end that is missing is named; of a long line the
 * first 200 bytes are shown, and how many it has. Free with g_free().
 */
char *vmb_difference_text(const VmbDifference *difference, VmbLinePlace place);

/*
 * The differences as a diff to read: a place, a `-` line (expected) and a `+` line (got) each,
 * the first `most` of them and how many more there are. Free with g_free().
 */
char *vmb_comparison_diff(const VmbComparison *comparison, VmbLinePlace place, guint most);

#endif
