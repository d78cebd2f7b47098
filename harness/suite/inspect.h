/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Letting a person look into a guest: sockets for gdb and QMP, and a pause for as long as they are used. */
#ifndef VMBENCH_INSPECT_H
#define VMBENCH_INSPECT_H

#include <sys/types.h>

#include "guest.h"

typedef struct VmbInspect VmbInspect;

/*
 * Find a directory for the sockets of a guest to come: `logs`, which is there and goes with that guest; when
 * that is no name for a socket, a new one for temporary files, vmb_inspect_prefix() and six letters. NULL:
 * VMB_ERROR_SETUP, it cannot be made. Free with vmb_inspect_free(), which removes a new one.
 */
VmbInspect *vmb_inspect_new(const VmbMachine *machine, const char *logs, GError **error);
void vmb_inspect_free(VmbInspect *inspect);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbInspect, vmb_inspect_free)

/* How the names of such new directories of the process `pid` begin. Free with g_free(). */
char *vmb_inspect_prefix(pid_t pid);

/*
 * QEMU's arguments for them; with `paused` it waits for gdb before the first instruction. Free with
 * g_strfreev().
 */
char **vmb_inspect_arguments(const VmbInspect *inspect, gboolean paused);

/* How to attach, on standard error; `console` is the console's log. */
void vmb_inspect_print(const VmbInspect *inspect, const char *console);

/*
 * Pause the guest, if it lives, and say how to attach; return when the user ends that by a signal, or QEMU
 * by its monitor. When gdb leaves, which lets a guest run on, it is paused again within 250 ms. `alarm` is
 * the guest's, and forgets what is raised meanwhile.
 */
void vmb_inspect_hold(const VmbInspect *inspect, VmbGuest *guest, VmbAlarm *alarm,
                      const char *console);

#endif
