/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running guest: QEMU with its QMP connection, its console and the results line.
 * What ends it raises the alarm: QEMU's death (VMB_ERROR_QEMU_DIED), what the kernel reports (see
 * console.h), a reset or power-off that nobody asked for (VMB_ERROR_RESET). Main thread only.
 *
 * Logs in its directory: console.log (all that the guest's console printed) and
 * qemu.log (what QEMU itself said).
 */
#ifndef VMBENCH_GUEST_H
#define VMBENCH_GUEST_H

#include "config.h"
#include "console.h"
#include "guest_program.h"
#include "qmp.h"

typedef struct VmbGuest VmbGuest;

/*
 * Check the configuration and start QEMU. `config` and `alarm` are borrowed and must outlive
 * the guest; log_dir must exist. NULL: VMB_ERROR_SETUP. Free with vmb_guest_free(), which kills
 * QEMU.
 */
VmbGuest *vmb_guest_start(const VmbGuestConfig *config, const char *log_dir, VmbAlarm *alarm,
                          GError **error);
void vmb_guest_free(VmbGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbGuest, vmb_guest_free)

/* How long a guest may take to boot, in milliseconds, before scaling. */
#define VMB_BOOT_MS 60000

/*
 * vmb_guest_start(), and wait until the agent is ready. NULL: also as vmb_agent_link_wait_ready(),
 * after VMB_BOOT_MS.
 */
VmbGuest *vmb_guest_boot(const VmbGuestConfig *config, const char *log_dir, VmbAlarm *alarm,
                         GError **error);

/*
 * Files for a guest that is saved or restored, see config.h. The descriptors stay the caller's.
 * Such a guest is on trial: what befalls it raises no alarm but its own, which every wait of it
 * heeds, until vmb_guest_accept().
 */
typedef struct {
    VmbGuestMemory memory;
    int ram_fd;
    int state_fd;
} VmbGuestFiles;

/* vmb_guest_start() with such files. */
VmbGuest *vmb_guest_start_on(const VmbGuestConfig *config, const VmbGuestFiles *files,
                             const char *log_dir, VmbAlarm *alarm, GError **error);

/* The trial is over: from now on the alarm that it was started with counts. */
void vmb_guest_accept(VmbGuest *guest);

/*
 * Its QMP connection, in command mode. Borrowed from the guest. NULL: as vmb_qmp_handshake().
 */
VmbQmp *vmb_guest_qmp(VmbGuest *guest, GError **error);

/*
 * Let the event loop run for `ms` milliseconds, not scaled. FALSE: only the guest's alarm's error.
 */
gboolean vmb_guest_pause(VmbGuest *guest, guint ms, GError **error);

/*
 * Greet QEMU and read the address that a handler connects to, "127.0.0.1:43215".
 * Borrowed from the guest. NULL: as vmb_qmp_call(), a QEMU that ended says why.
 */
const char *vmb_guest_endpoint(VmbGuest *guest, GError **error);

/* The same of the device `id`, for a guest with others than the example's. Free with g_free(). */
char *vmb_guest_endpoint_of(VmbGuest *guest, const char *id, GError **error);

/*
 * Poll over QMP until a handler's claim is in effect; `ms` before scaling.
 * FALSE: VMB_ERROR_NO_CLAIM; or as vmb_qmp_call().
 */
gboolean vmb_guest_wait_claim(VmbGuest *guest, guint ms, GError **error);

/* The same of the device `id`; with `connected` FALSE until it has noticed its handler's end. */
gboolean vmb_guest_wait_handler(VmbGuest *guest, const char *id, gboolean connected, guint ms,
                                GError **error);

/*
 * Tie the threads of all vCPUs to a CPU; QEMU's other threads stay free.
 * FALSE: VMB_ERROR_SETUP; or as vmb_qmp_call().
 */
gboolean vmb_guest_pin_vcpus(VmbGuest *guest, int cpu, GError **error);

/* Tie all of QEMU to a CPU. FALSE: VMB_ERROR_SETUP, it has ended. */
gboolean vmb_guest_pin(VmbGuest *guest, int cpu, GError **error);

/*
 * What a command of QEMU's human monitor prints. NULL: as vmb_qmp_call(). Free with g_free().
 */
char *vmb_guest_monitor(VmbGuest *guest, const char *command, GError **error);

/* Borrowed parts, as long as the guest. */
VmbAgentLink *vmb_guest_agent(VmbGuest *guest);
VmbConsole *vmb_guest_console(VmbGuest *guest);

/*
 * Reset the machine as its reset button does, and wait up to `ms` (before scaling) until the agent
 * has reported again. Programs that ran are lost; handlers stay connected. FALSE:
 * VMB_ERROR_BOOT_TIMEOUT, it has not; VMB_ERROR_QEMU_DIED, QEMU does not do it; or as
 * vmb_qmp_call().
 */
gboolean vmb_guest_reset(VmbGuest *guest, guint ms, GError **error);

/*
 * Ask QEMU to end and wait for it. FALSE: VMB_ERROR_QEMU_DIED, it did not and was killed; or the
 * alarm's error.
 */
gboolean vmb_guest_quit(VmbGuest *guest, GError **error);

/*
 * From now on QEMU may end by itself, with exit status 0, and the guest may power off or restart,
 * without raising the alarm: the user does it.
 */
void vmb_guest_allow_end(VmbGuest *guest);
gboolean vmb_guest_has_ended(const VmbGuest *guest);

#endif
