/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as users write them. */
#ifndef VMBENCH_NUMBER_H
#define VMBENCH_NUMBER_H

#include <glib.h>

/*
 * All of `text` is decimal digits, or 0x and hexadecimal ones, and at most `most`. FALSE: it is not; *value
 * is not changed then.
 */
gboolean vmb_number_parse(const char *text, guint64 most, guint64 *value);

#endif
