/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A shell would run one of two programs of one name, and the user would wonder which. */
#ifndef ROOTFS_NAMES_H
#define ROOTFS_NAMES_H

#include "rootfs_entry.h"

/*
 * Check that no program that was added has the name of another in the directories where the guest's PATH
 * has programs looked for; two names of one file are none. With `replace` a link to the added program is
 * put into the place of what a base has by that name. What a base alone has is its own affair. Errors:
 * ROOTFS_ERROR_DUPLICATE.
 */
gboolean rootfs_names_check(GTree *entries, gboolean replace, GError **error);

#endif
