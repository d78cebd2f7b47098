/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines with regular expressions in them: `took {{[0-9]+}} ms`. */
#ifndef VMBENCH_PATTERNS_H
#define VMBENCH_PATTERNS_H

#include <glib.h>

/*
 * FALSE: G_REGEX_ERROR, a line of `text` has an expression that is none, or {{ without }}; *line is its
 * number, from 1.
 */
gboolean vmb_patterns_check(const GString *text, guint *line, GError **error);

/*
 * Whether a line is what the pattern, a line too, describes: outside {{ and }} byte for byte, inside by
 * a Perl-compatible expression, to which a } before the }} belongs: `{{[0-9]{2}}}`. A pattern that is
 * none matches nothing.
 */
gboolean vmb_patterns_match(const GString *pattern, const GString *line);

#endif
