/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two outputs side by side, byte by byte. */
#ifndef VMBENCH_HEX_DIFF_H
#define VMBENCH_HEX_DIFF_H

#include <glib.h>

/*
 * The rows of 16 bytes that differ, `-` expected and `+` got, each with its offset, in hexadecimal and
 * as text; the first `most` of them and how many more there are. Free with g_free().
 */
char *vmb_hex_diff(const GString *expected, const GString *got, guint most);

#endif
