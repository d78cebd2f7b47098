/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short options with their value in the same word, `-j2`, which GOption does not know. */
#ifndef ROOTFS_SHORT_OPTIONS_H
#define ROOTFS_SHORT_OPTIONS_H

#include <glib.h>

/*
 * A copy of the argc words of argv in which such words are two, `-j` and `2`, for the options of
 * `entries` and `more` (may be NULL) that take a value. A word that is the value of the option before
 * it stays as it is, and so do those behind `--`. Free with g_strfreev().
 */
char **rootfs_short_options_split(int argc, char **argv, const GOptionEntry *entries,
                                  const GOptionEntry *more);

#endif
