/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nearest.h"

#include <string.h>

/*
 * The Damerau-Levenshtein distance of two texts of these lengths: letters put in, left out, exchanged, or two
 * neighbours that changed places. Of its table the rows of this letter of `a` and of the two before it.
 */
static gsize distance(const char *a, gsize height, const char *b, gsize width)
{
    g_autofree gsize *cells = g_new0(gsize, 3 * (width + 1));
    gsize *older = cells, *old = cells + width + 1, *row = cells + 2 * (width + 1);

    for (gsize j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (gsize i = 1; i <= height; i++) {
        gsize *reused = older;

        older = old;
        old = row;
        row = reused;
        row[0] = i;
        for (gsize j = 1; j <= width; j++) {
            row[j] = MIN(old[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), MIN(old[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = MIN(row[j], older[j - 2] + 1);
            }
        }
    }
    return row[width];
}

/* One is the other's beginning: something was left out, or said besides. */
static gboolean begins(const char *a, const char *b, gsize least)
{
    return least > 0 && strncmp(a, b, least) == 0;
}

const char *vmb_nearest(const char *word, const char *const *words)
{
    gsize len = strcspn(word, " ");
    gsize least = MAX(len, 3) / 3 + 1; /* more than a third wrong: it is another word */
    const char *best = NULL, *begun = NULL;

    for (; *words != NULL; words++) {
        gsize other = strcspn(*words, " ");
        gsize d = distance(word, len, *words, other);

        if (d < least) {
            least = d;
            best = *words;
        }
        if (begun == NULL && begins(word, *words, MIN(len, other))) {
            begun = *words;
        }
    }
    return best != NULL ? best : begun;
}
