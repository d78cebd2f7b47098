/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QEMU that does not start because a vMMIO range cannot be what the user asks for. */
#ifndef VMBENCH_REFUSAL_H
#define VMBENCH_REFUSAL_H

#include "config.h"

/*
 * VMB_ERROR_SETUP, "PLACE: " and why, when the last line of QEMU's log refuses one of the guest's devices;
 * else NULL. Free with g_error_free().
 */
GError *vmb_refusal_error(const VmbGuestConfig *config, const char *last_line);

#endif
