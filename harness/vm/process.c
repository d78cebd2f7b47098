/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adopted.h"
#include "pin.h"

struct VmbProcess {
    GSubprocess *child;
    GCancellable *cancel;
    pid_t pid;
    VmbProcessEnded ended;
    gpointer data;
    gboolean has_ended;
    gboolean was_killed;
    char *mark; /* in the environment of all that it starts */
};

/* Between fork and exec: async-signal-safe calls only. */
static void die_with_parent(gpointer data)
{
    pid_t parent = GPOINTER_TO_INT(data);

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        _exit(127);
    }
    /* The parent may have died before the signal was armed; no signal would come then. */
    if (getppid() != parent) {
        _exit(127);
    }
    setpgid(0, 0);
}

GSubprocessLauncher *vmb_process_launcher_new(void)
{
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);

    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, GINT_TO_POINTER(getpid()),
                                          NULL);
    return launcher;
}

gboolean vmb_process_log_to(GSubprocessLauncher *launcher, const char *path, gboolean output,
                            GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);

    if (fd < 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot write %s: %s: choose another directory with --logs", path,
                    g_strerror(errno));
        return FALSE;
    }
    if (output) {
        g_subprocess_launcher_take_stdout_fd(launcher, fcntl(fd, F_DUPFD_CLOEXEC, 0));
    }
    g_subprocess_launcher_take_stderr_fd(launcher, fd);
    return TRUE;
}

/*
 * The leader may have left children behind, in its group or not. Once only, as soon as the leader's
 * end is known: later the number could belong to somebody else.
 */
static void kill_group(VmbProcess *process)
{
    if (process->pid > 0) {
        kill(-process->pid, SIGKILL);
        process->pid = 0;
    }
    g_subprocess_wait(process->child, NULL, NULL);
    vmb_adopted_end(process->mark);
    process->has_ended = TRUE;
}

static void on_ended(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;

    if (!g_subprocess_wait_finish(G_SUBPROCESS(source), result, &error)) {
        return; /* cancelled: the process object is gone */
    }
    VmbProcess *process = data;

    kill_group(process);
    if (process->ended != NULL) {
        process->ended(process->data);
    }
}

VmbProcess *vmb_process_start(GSubprocessLauncher *launcher, const char *const *argv,
                              VmbProcessEnded ended, gpointer data, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *mark = vmb_adopted_mark();
    GSubprocess *child;

    g_subprocess_launcher_setenv(launcher, VMB_ADOPTED_MARK, mark, TRUE);
    child = g_subprocess_launcher_spawnv(launcher, argv, &cause);
    if (child == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "cannot start %s: %s", argv[0],
                    cause->message);
        return NULL;
    }
    VmbProcess *process = g_new0(VmbProcess, 1);
    const char *pid = g_subprocess_get_identifier(child);

    process->child = child;
    /* A child that has ended already has no identifier any more, and nothing to kill. */
    process->pid = pid != NULL ? (pid_t)g_ascii_strtoll(pid, NULL, 10) : 0;
    process->mark = g_steal_pointer(&mark);
    process->cancel = g_cancellable_new();
    process->ended = ended;
    process->data = data;
    g_subprocess_wait_async(child, process->cancel, on_ended, process);
    return process;
}

void vmb_process_free(VmbProcess *process)
{
    g_cancellable_cancel(process->cancel);
    kill_group(process);
    g_object_unref(process->cancel);
    g_object_unref(process->child);
    g_free(process->mark);
    g_free(process);
}

gboolean vmb_process_pin(const VmbProcess *process, int cpu, GError **error)
{
    return vmb_pin_all(process->pid, cpu, error);
}

pid_t vmb_process_pid(const VmbProcess *process)
{
    return process->pid;
}

gboolean vmb_process_has_ended(const VmbProcess *process)
{
    return process->has_ended;
}

gboolean vmb_process_succeeded(const VmbProcess *process)
{
    return process->has_ended && g_subprocess_get_if_exited(process->child) &&
           g_subprocess_get_exit_status(process->child) == 0;
}

gboolean vmb_process_is_over(const VmbProcess *process)
{
    siginfo_t info = {.si_pid = 0};

    /* GLib reaps it in a thread of its own: then it is unknown here. */
    return process->has_ended || process->pid == 0 ||
           waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
}

int vmb_process_end_signal(const VmbProcess *process)
{
    if (g_subprocess_get_if_signaled(process->child)) {
        return g_subprocess_get_term_sig(process->child);
    }
    return MAX(g_subprocess_get_exit_status(process->child) - 128, 0);
}

gboolean vmb_process_was_killed(const VmbProcess *process)
{
    return process->was_killed;
}

char *vmb_process_end_text(const VmbProcess *process)
{
    if (g_subprocess_get_if_signaled(process->child)) {
        int number = g_subprocess_get_term_sig(process->child);

        return g_strdup_printf("signal %d (%s)", number, strsignal(number));
    }
    return g_strdup_printf("exit status %d", g_subprocess_get_exit_status(process->child));
}

static gboolean ended_condition(gpointer data)
{
    return ((VmbProcess *)data)->has_ended;
}

gboolean vmb_process_wait_or_kill(VmbProcess *process, guint ms, VmbAlarm *alarm, GError **error)
{
    VmbLimit limit = {ms, VMB_ERROR_SETUP, "does not end"};
    g_autoptr(GError) cause = NULL;
    gboolean ended = vmb_wait_grace(alarm, ended_condition, process, limit, &cause);

    process->was_killed = !ended;
    kill_group(process);
    if (!ended && vmb_alarm_error(alarm) != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return TRUE;
}

void vmb_process_signal(VmbProcess *process, int signal_number)
{
    g_subprocess_send_signal(process->child, signal_number);
}

gboolean vmb_process_stop(VmbProcess *process, int signal_number, guint ms, VmbAlarm *alarm,
                          GError **error)
{
    vmb_process_signal(process, signal_number);
    return vmb_process_wait_or_kill(process, ms, alarm, error);
}
