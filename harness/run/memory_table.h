/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the lines of the memory example mean: the inside program prints 16 elements for each of
 * the widths 1, 2, 4 and 8 bytes; the handler logs 16 writes, then 16 reads, for each width.
 */
#ifndef VMBENCH_MEMORY_TABLE_H
#define VMBENCH_MEMORY_TABLE_H

#include <glib.h>

enum {
    VMB_MEMORY_ELEMENTS = 16,
    VMB_MEMORY_WIDTHS = 4,
    VMB_MEMORY_INSIDE_LINES = VMB_MEMORY_WIDTHS * VMB_MEMORY_ELEMENTS,
    VMB_MEMORY_OUTSIDE_LINES = 2 * VMB_MEMORY_INSIDE_LINES,
};

/* Places of the lines (from 1) of both outputs, for expect.h. Free with g_free(). */
char *vmb_memory_inside_place(guint line);
char *vmb_memory_outside_place(guint line);

/*
 * The inside program's output as a table for people: a row for each element, a column for each
 * width. A value that is not there shows as `?`. Free with g_free().
 */
char *vmb_memory_table(const char *inside_output);

#endif
