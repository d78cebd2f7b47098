/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QMP client: one command at a time, waiting for its reply in the event loop.
 * What is no QMP raises the alarm with VMB_ERROR_PROTOCOL; a connection that
 * QEMU closed while it lives on raises it with VMB_ERROR_QEMU_DIED. Main thread only.
 */
#ifndef VMBENCH_QMP_H
#define VMBENCH_QMP_H

#include <json-glib/json-glib.h>

#include "alarm.h"

typedef struct VmbQmp VmbQmp;

/* An event, by name, with its "data" (NULL when there is none). Must not wait. */
typedef void (*VmbQmpEvent)(gpointer data, const char *name, JsonObject *event_data);

/* Owns fd, a connected socket. `event` may be NULL. Free with vmb_qmp_free(). */
VmbQmp *vmb_qmp_new(int fd, VmbAlarm *alarm, VmbQmpEvent event, gpointer data);
void vmb_qmp_free(VmbQmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbQmp, vmb_qmp_free)

/*
 * Wait for QEMU's greeting and enter command mode; call once, first.
 * FALSE: VMB_ERROR_QEMU_DIED, QEMU does not answer; or the alarm's error.
 */
gboolean vmb_qmp_handshake(VmbQmp *qmp, GError **error);

/*
 * Run a command and return what it returned. `arguments` is taken and may be NULL.
 * NULL: VMB_ERROR_PROTOCOL, QEMU refused it (QEMU's own words); VMB_ERROR_QEMU_DIED, no
 * answer in time, or, at once, QEMU has said nothing since it let another command wait in vain; or the
 * alarm's error. Free with json_node_unref(). Must not be called by an event.
 */
JsonNode *vmb_qmp_call(VmbQmp *qmp, const char *command, JsonObject *arguments, GError **error);

/* Send a command and take no interest in the reply. */
void vmb_qmp_send(VmbQmp *qmp, const char *command);

/* QEMU has ended: take in what it said at last. Must not be called by an event. */
void vmb_qmp_drain(VmbQmp *qmp);

/*
 * From now on QEMU may close the connection, however long it takes to end after that: no alarm
 * is raised for it.
 */
void vmb_qmp_allow_close(VmbQmp *qmp);

/*
 * qom-get: the property of the object at `path`. Errors and ownership as vmb_qmp_call().
 */
JsonNode *vmb_qmp_get(VmbQmp *qmp, const char *path, const char *property, GError **error);

#endif
