/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options --range and --properties: which vMMIO ranges a guest has. */
#ifndef VMBENCH_RANGES_H
#define VMBENCH_RANGES_H

#include "config.h"
#include "settings.h"

/*
 * Give the guest the settings' ranges, in their order, with config->port for those that name no endpoint of
 * their own; config->irq becomes the first one's. Without any it keeps the example's. FALSE:
 * VMB_ERROR_USAGE, one is no range.
 */
gboolean vmb_ranges_apply(const VmbSettings *settings, VmbGuestConfig *config, GError **error);

#endif
