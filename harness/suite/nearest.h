/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which word did the user mean? */
#ifndef VMBENCH_NEAREST_H
#define VMBENCH_NEAREST_H

#include <glib.h>

/*
 * The word of `words` (ends with NULL) that differs least from `word`, by letters put in, left out or
 * exchanged; the first of equals. Borrowed; NULL: there is none.
 */
const char *vmb_nearest(const char *word, const char *const *words);

#endif
