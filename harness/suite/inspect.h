/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Letting a person look into a guest: sockets for gdb and QMP, and a pause for as long as they are used. */
#ifndef VMBENCH_INSPECT_H
#define VMBENCH_INSPECT_H

#include "guest.h"

typedef struct VmbInspect VmbInspect;

/*
 * Make a directory for the sockets of a guest to come. NULL: VMB_ERROR_SETUP. Free with
 * vmb_inspect_free(), which removes it.
 */
VmbInspect *vmb_inspect_new(const VmbMachine *machine, GError **error);
void vmb_inspect_free(VmbInspect *inspect);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbInspect, vmb_inspect_free)

/*
 * QEMU's arguments for them; with `paused` it waits for gdb before the first instruction. Free with
 * g_strfreev().
 */
char **vmb_inspect_arguments(const VmbInspect *inspect, gboolean paused);

/* How to attach, on standard error; `console` is the console's log. */
void vmb_inspect_print(const VmbInspect *inspect, const char *console);

/*
 * Pause the guest, if it lives, and say how to attach; return when the user ends that by a signal.
 */
void vmb_inspect_hold(const VmbInspect *inspect, VmbGuest *guest, const char *console);

#endif
