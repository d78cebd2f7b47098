/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of a command line that are known when the guest runs: {endpoint}, {port}, {machine}, ... */
#ifndef VMBENCH_PLACEHOLDERS_H
#define VMBENCH_PLACEHOLDERS_H

#include <glib.h>

typedef struct {
    const char *name;  /* "endpoint" */
    const char *value;
} VmbPlaceholder;

/*
 * `text` with the value of each {NAME} in place of it; what is in braces and has another name stays.
 * `known` ends with a NULL name. Free with g_free().
 */
char *vmb_placeholders_fill(const char *text, const VmbPlaceholder *known);

/* The same of each word; free with g_strfreev(). NULL stays NULL. */
char **vmb_placeholders_fill_all(char **words, const VmbPlaceholder *known);

/* Whether one of the words has {NAME}. */
gboolean vmb_placeholders_has(char **words, const char *name);

#endif
