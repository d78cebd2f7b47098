/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child process that cannot outlive the harness: the kernel kills it when the
 * harness dies in whatever way, and at its end its whole process group is killed, and
 * what it left outside of that (adopted.h) where this process accepts such.
 * When the harness itself is killed (SIGKILL, a crash) nothing is freed, and the
 * kernel kills direct children only (QEMU, the handler), and those of a worker of `vmbench run`
 * that dies so: what a handler started itself lives on unless it watches its parent.
 * Main thread only: the parent-death signal is tied to the thread that forks.
 */
#ifndef VMBENCH_PROCESS_H
#define VMBENCH_PROCESS_H

#include <gio/gio.h>

#include "alarm.h"

typedef struct VmbProcess VmbProcess;

/* Runs from the event loop when the process has ended by itself or by vmb_process_stop(). */
typedef void (*VmbProcessEnded)(gpointer data);

/*
 * A launcher whose children die with the harness and lead a process group of
 * their own, so that Ctrl-C on the terminal reaches the harness alone. The
 * caller adds descriptors and environment. Standard input is /dev/null.
 */
GSubprocessLauncher *vmb_process_launcher_new(void);

/*
 * Send the children's standard error, and with `output` standard output too, to
 * the end of file `path`, made empty first. FALSE: VMB_ERROR_SETUP, the file cannot be opened.
 */
gboolean vmb_process_log_to(GSubprocessLauncher *launcher, const char *path, gboolean output,
                            GError **error);

/*
 * Start argv[0] (a path, or a name looked up in PATH). NULL: VMB_ERROR_SETUP, it
 * cannot be executed. `ended` may be NULL. Free with vmb_process_free().
 */
VmbProcess *vmb_process_start(GSubprocessLauncher *launcher, const char *const *argv,
                              VmbProcessEnded ended, gpointer data, GError **error);

/* Kills the process group and what was left behind if need be, and reaps. `ended` is not called any more. */
void vmb_process_free(VmbProcess *process);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbProcess, vmb_process_free)

/* Tie the threads that it has now to a CPU. FALSE: VMB_ERROR_SETUP, it has ended. */
gboolean vmb_process_pin(const VmbProcess *process, int cpu, GError **error);

/* Its number; 0: it has ended. */
pid_t vmb_process_pid(const VmbProcess *process);

/* As the event loop knows it. */
gboolean vmb_process_has_ended(const VmbProcess *process);

/* Looked up now: the event loop may not have been told yet. */
gboolean vmb_process_is_over(const VmbProcess *process);

/* True when it ended by exit(0). */
gboolean vmb_process_succeeded(const VmbProcess *process);

/* The signal that ended it, 128 + that number as a shell's exit status too; 0: it ended by exit(). */
int vmb_process_end_signal(const VmbProcess *process);

/* True when vmb_process_wait_or_kill() had to kill it, its time being over. */
gboolean vmb_process_was_killed(const VmbProcess *process);

/* How it ended, such as "exit status 3" or "signal 9 (Killed)". Free with g_free(). */
char *vmb_process_end_text(const VmbProcess *process);

/*
 * Wait up to `ms` (before scaling) for the end; then kill the group.
 * FALSE only when the alarm is raised, with its error; the process is killed all the same.
 */
gboolean vmb_process_wait_or_kill(VmbProcess *process, guint ms, VmbAlarm *alarm, GError **error);

/* Send a signal to it alone; nothing happens when it has ended. */
void vmb_process_signal(VmbProcess *process, int signal_number);

/* Send a signal, then as vmb_process_wait_or_kill(). */
gboolean vmb_process_stop(VmbProcess *process, int signal_number, guint ms, VmbAlarm *alarm,
                          GError **error);

#endif
