/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "number.h"

/* g_ascii_string_to_unsigned() takes no prefix with base 16, and takes 010 with base 0 for 8. */
gboolean vmb_number_parse(const char *text, guint64 most, guint64 *value)
{
    gboolean is_hex = g_ascii_strncasecmp(text, "0x", 2) == 0;

    return g_ascii_string_to_unsigned(text + (is_hex ? 2 : 0), is_hex ? 16 : 10, 0, most, value,
                                      NULL);
}
