/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A GKeyFile that can tell where in the file each thing is: what is wrong is said with the file, the
 * line and the word that was probably meant. All errors are VMB_ERROR_SETUP and begin with "FILE:LINE: ",
 * but of a file that cannot be read.
 *
 * A reader may go on behind a mistake, with the same *error: the file remembers what else is found, and
 * vmb_ini_gather() tells of all.
 */
#ifndef VMBENCH_INI_H
#define VMBENCH_INI_H

#include "error.h"

typedef struct VmbIni VmbIni;

/*
 * Read a file, of whose lines and values white space at both ends is left out. NULL: it cannot be read, is
 * no UTF-8 text, lines are none of an ini file, or groups or keys are there twice: gathered. Free with
 * vmb_ini_free().
 */
VmbIni *vmb_ini_load(const char *path, GError **error);
void vmb_ini_free(VmbIni *ini);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbIni, vmb_ini_free)

/*
 * Make *error, when it is set, tell of all mistakes that were found, in the order of the file, each a line;
 * of more than 10 their number. `error` may be NULL.
 */
void vmb_ini_gather(const VmbIni *ini, GError **error);

const char *vmb_ini_path(const VmbIni *ini);

/* All groups in the order of the file; ends with NULL. Borrowed. */
const char *const *vmb_ini_groups(const VmbIni *ini);

/* The line of a key, from 1; of the group when `key` is NULL. 0: it is not there. */
guint vmb_ini_line(const VmbIni *ini, const char *group, const char *key);

/* FALSE: the group has keys that are not among `keys` (ends with NULL). */
gboolean vmb_ini_check_keys(const VmbIni *ini, const char *group, const char *const *keys,
                            GError **error);

/* Set *error, about a key, or a group when `key` is NULL. Always FALSE. */
gboolean vmb_ini_fail(const VmbIni *ini, const char *group, const char *key, GError **error,
                      const char *format, ...) G_GNUC_PRINTF(5, 6);

/* "VALUE is no WHAT: did you mean NEAREST?", or which there are, about a key. Always FALSE. */
gboolean vmb_ini_fail_word(const VmbIni *ini, const char *group, const char *key, const char *value,
                           const char *what, const char *const *words, GError **error);

/*
 * The value of a key, without escapes (\n, \r, \s, \t, \\). *value becomes NULL when the key is not
 * there. FALSE: it has a bad escape. Free with g_free().
 */
gboolean vmb_ini_string(const VmbIni *ini, const char *group, const char *key, char **value,
                        GError **error);

/* The same of a list, its parts between `;`. Free with g_strfreev(). */
gboolean vmb_ini_list(const VmbIni *ini, const char *group, const char *key, char ***value,
                      GError **error);

/* yes or no, true or false. *value is not changed when the key is not there. */
gboolean vmb_ini_boolean(const VmbIni *ini, const char *group, const char *key, gboolean *value,
                         GError **error);

/* A number from 0 to `most`, decimal or 0x... *value is not changed when the key is not there. */
gboolean vmb_ini_number(const VmbIni *ini, const char *group, const char *key, guint64 most,
                        guint64 *value, GError **error);

/* A time in seconds above 0, "2.5", in milliseconds. The same. */
gboolean vmb_ini_seconds(const VmbIni *ini, const char *group, const char *key, guint *ms,
                         GError **error);

#endif
