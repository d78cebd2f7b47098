/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which word did the user mean? */
#ifndef VMBENCH_NEAREST_H
#define VMBENCH_NEAREST_H

#include <glib.h>

/*
 * The word of `words` (ends with NULL) that differs least from `word`, by letters put in, left out or
 * exchanged, or two that changed places; the first of equals. At most a third of the letters may be wrong;
 * else it is one that `word` begins, or that begins `word`. What is behind a space does not count.
 * Borrowed; NULL: there is none that could be meant.
 */
const char *vmb_nearest(const char *word, const char *const *words);

#endif
