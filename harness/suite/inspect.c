/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "files.h"

/* How often a guest that is held is looked after. */
#define LOOK_MS 250

/* What QEMU calls the monitor of its option -qmp. */
#define MONITOR "compat_monitor0"

struct VmbInspect {
    const VmbMachine *machine;
    char *directory;
    gboolean is_own; /* nobody else removes it */
};

/*
 * A socket's path has at most 107 bytes; and QEMU, gdb and the shell that it is pasted into are to take it
 * as it is.
 */
static gboolean can_hold_sockets(const char *directory)
{
    const struct sockaddr_un *address = NULL;
    gsize len = strlen(directory);

    return len + sizeof("/qmp") <= sizeof(address->sun_path) &&
           strspn(directory, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/._-+") == len;
}

char *vmb_inspect_prefix(pid_t pid)
{
    return g_strdup_printf("vmbench-%d-", (int)pid);
}

VmbInspect *vmb_inspect_new(const VmbMachine *machine, const char *logs, GError **error)
{
    gboolean fits = can_hold_sockets(logs);
    g_autoptr(GError) cause = NULL;
    g_autofree char *prefix = vmb_inspect_prefix(getpid());
    g_autofree char *name = g_strconcat(prefix, "XXXXXX", NULL);
    char *directory = fits ? g_strdup(logs) : g_dir_make_tmp(name, &cause);
    VmbInspect *inspect;

    if (directory == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "no directory for gdb's socket: %s",
                    cause->message);
        return NULL;
    }
    inspect = g_new0(VmbInspect, 1);
    inspect->machine = machine;
    inspect->directory = directory;
    inspect->is_own = !fits;
    return inspect;
}

void vmb_inspect_free(VmbInspect *inspect)
{
    if (inspect->is_own) {
        vmb_remove_tree(inspect->directory);
    }
    g_free(inspect->directory);
    g_free(inspect);
}

char **vmb_inspect_arguments(const VmbInspect *inspect, gboolean paused)
{
    const char *const arguments[] = {"-qmp", NULL, "-gdb", NULL, paused ? "-S" : NULL, NULL};
    char **words = g_new0(char *, G_N_ELEMENTS(arguments));

    for (guint i = 0; i < 5 && (i % 2 == 1 || arguments[i] != NULL); i++) {
        words[i] = i % 2 == 1
                       ? g_strdup_printf("unix:%s/%s,server=on,wait=off", inspect->directory,
                                         arguments[i - 1] + 1)
                       : g_strdup(arguments[i]);
    }
    return words;
}

void vmb_inspect_print(const VmbInspect *inspect, const char *console)
{
    fprintf(stderr,
            "  gdb:     gdb-multiarch -ex 'set architecture %s' -ex 'target remote %s/gdb'\n"
            "  QMP:     socat - UNIX-CONNECT:%s/qmp\n"
            "  console: %s\n",
            inspect->machine->gdb_architecture, inspect->directory, inspect->directory, console);
}

/* ---- A guest that is held ---- */

static gboolean has_ended(gpointer guest)
{
    return vmb_guest_has_ended(guest);
}

/* Whether somebody is connected to the socket that QEMU calls `label`. */
static gboolean is_connected(JsonArray *chardevs, const char *label)
{
    for (guint i = 0; i < json_array_get_length(chardevs); i++) {
        JsonObject *chardev = json_array_get_object_element(chardevs, i);
        const char *name = json_object_get_string_member_with_default(chardev, "label", "");
        const char *file = json_object_get_string_member_with_default(chardev, "filename", "");

        if (g_str_equal(name, label)) {
            return !g_str_has_prefix(file, "disconnected:");
        }
    }
    return FALSE;
}

static gboolean runs(VmbQmp *qmp)
{
    g_autoptr(JsonNode) status = vmb_qmp_call(qmp, "query-status", NULL, NULL);

    return status != NULL && JSON_NODE_HOLDS_OBJECT(status) &&
           json_object_get_boolean_member_with_default(json_node_get_object(status), "running", FALSE);
}

/*
 * gdb lets the guest run on when it leaves. Who is connected to the monitor may let it run, too, and has his
 * way.
 */
static void pause_again(VmbGuest *guest, gboolean *gdb)
{
    VmbQmp *qmp = vmb_guest_qmp(guest, NULL);
    g_autoptr(JsonNode) node =
        qmp != NULL ? vmb_qmp_call(qmp, "query-chardev", NULL, NULL) : NULL;
    JsonArray *chardevs =
        node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    gboolean before = *gdb;

    if (chardevs == NULL) {
        return;
    }
    *gdb = is_connected(chardevs, "gdb");
    if (!*gdb && (before || !is_connected(chardevs, MONITOR)) && runs(qmp)) {
        g_free(vmb_guest_monitor(guest, "stop", NULL));
        fprintf(stderr, "  gdb has left and let the guest run on: it is paused again\n");
    }
}

/* What befalls the guest meanwhile is the user's doing, and keeps nobody from asking QEMU. */
static void stay(VmbGuest *guest, VmbAlarm *guests)
{
    g_autoptr(VmbAlarm) alarm = vmb_alarm_new(1.0);
    VmbLimit limit = {LOOK_MS, VMB_ERROR_INTERRUPTED, ""};
    gboolean gdb = FALSE;

    vmb_alarm_watch_signals(alarm);
    while (!vmb_wait(alarm, has_ended, guest, limit, NULL) && vmb_alarm_error(alarm) == NULL) {
        vmb_alarm_forget(guests);
        pause_again(guest, &gdb);
    }
    if (vmb_guest_has_ended(guest)) {
        fprintf(stderr, "  QEMU has ended: there is nothing more to look at\n");
    }
}

void vmb_inspect_hold(const VmbInspect *inspect, VmbGuest *guest, VmbAlarm *alarm,
                      const char *console)
{
    g_autofree char *said = vmb_guest_has_ended(guest) ? NULL : vmb_guest_monitor(guest, "stop", NULL);

    if (said == NULL) {
        fprintf(stderr, "  the guest has ended: there is nothing to look at\n");
        return;
    }
    fprintf(stderr, "  the guest is paused; Ctrl-C here ends it\n");
    vmb_inspect_print(inspect, console);
    fprintf(stderr, "  ranges:  gdb and QMP read 0xaa there: only the guest's own accesses ask a handler\n");
    stay(guest, alarm);
}
