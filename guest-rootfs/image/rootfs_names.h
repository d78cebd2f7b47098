/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A shell would run one of two programs of one name, and the user would wonder which. */
#ifndef ROOTFS_NAMES_H
#define ROOTFS_NAMES_H

#include <glib.h>

/*
 * Check that no program that was added has the name of another in the directories where the guest's PATH
 * has programs looked for. What a base has is its own affair. Errors: ROOTFS_ERROR_DUPLICATE.
 */
gboolean rootfs_names_check(GTree *entries, GError **error);

#endif
