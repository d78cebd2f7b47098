/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing an output with what was expected, line by line. */
#ifndef VMBENCH_EXPECT_H
#define VMBENCH_EXPECT_H

#include <glib.h>

/* One line that differs. NULL: that side has ended before this line. */
typedef struct {
    guint line; /* from 1 */
    char *expected;
    char *got;
} VmbDifference;

typedef struct {
    guint expected_lines;
    guint got_lines;
    GPtrArray *differences; /* of VmbDifference, in the order of their lines */
} VmbComparison;

/*
 * Compare line N of one text with line N of the other, byte for byte. A text without a line
 * end at its end counts as if it had one. Free with vmb_comparison_free().
 */
VmbComparison *vmb_compare(const char *expected, const char *got);
void vmb_comparison_free(VmbComparison *comparison);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbComparison, vmb_comparison_free)

/* Says what a line is about, such as "width 2, element 1"; the result is freed with g_free(). */
typedef char *(*VmbLinePlace)(guint line);

/*
 * A difference as one line of text without line end, place included: "line 18 (width 2, element
 * 1): expected ` 1: 0xaaaa`, got ` 1: 0xaabb`". Free with g_free().
 */
char *vmb_difference_text(const VmbDifference *difference, VmbLinePlace place);

/*
 * The differences as a diff to read: a place, a `-` line (expected) and a `+` line (got) each,
 * the first `most` of them and how many more there are. Free with g_free().
 */
char *vmb_comparison_diff(const VmbComparison *comparison, VmbLinePlace place, guint most);

#endif
