/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a guest may be silent and yet be well, as QEMU sees it. Main thread only. */
#ifndef VMBENCH_EXCUSE_H
#define VMBENCH_EXCUSE_H

#include "qmp.h"

/*
 * Such as "the VM is paused" or "the guest waits for the handler of vmmio0, which has not answered
 * a 4-byte read of 0xfef00000 for 12.3 s". Free with g_free(). NULL: none; then *error may be set,
 * as by vmb_qmp_call(). QMP is in command mode.
 */
char *vmb_excuse_ask(VmbQmp *qmp, GError **error);

#endif
