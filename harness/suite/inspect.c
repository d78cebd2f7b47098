/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "files.h"

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

static gboolean never(gpointer data)
{
    (void)data;
    return FALSE;
}

void vmb_inspect_hold(const VmbInspect *inspect, VmbGuest *guest, const char *console)
{
    g_autoptr(VmbAlarm) alarm = vmb_alarm_new(1.0);
    g_autofree char *said = vmb_guest_has_ended(guest) ? NULL : vmb_guest_monitor(guest, "stop", NULL);
    VmbLimit none = {0, VMB_ERROR_INTERRUPTED, ""};

    if (said == NULL) {
        fprintf(stderr, "  the guest has ended: there is nothing to look at\n");
        return;
    }
    fprintf(stderr, "  the guest is paused; Ctrl-C here ends it\n");
    vmb_inspect_print(inspect, console);
    vmb_alarm_watch_signals(alarm);
    vmb_wait(alarm, never, NULL, none, NULL);
}
