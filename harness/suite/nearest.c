/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nearest.h"

#include <string.h>

/* The Levenshtein distance, with one row of its table. */
static gsize distance(const char *a, const char *b)
{
    gsize width = strlen(b);
    g_autofree gsize *row = g_new(gsize, width + 1);

    for (gsize j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (gsize i = 0; a[i] != '\0'; i++) {
        gsize before = row[0]++; /* of the row above, one to the left */

        for (gsize j = 0; j < width; j++) {
            gsize above = row[j + 1];
            gsize exchanged = before + (a[i] == b[j] ? 0 : 1);

            row[j + 1] = MIN(exchanged, MIN(above, row[j]) + 1);
            before = above;
        }
    }
    return row[width];
}

const char *vmb_nearest(const char *word, const char *const *words)
{
    const char *best = NULL;
    gsize least = G_MAXSIZE;

    for (; *words != NULL; words++) {
        gsize d = distance(word, *words);

        if (d < least) {
            least = d;
            best = *words;
        }
    }
    return best;
}
