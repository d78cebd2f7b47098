/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 2000

/* Not answered at all. */
#define HANGS -1

/* Async-signal-safe calls only. 0 or an errno. */
static int make_machine(const char *path)
{
    int kvm = open(path, O_RDWR | O_CLOEXEC);

    return kvm >= 0 && ioctl(kvm, KVM_CREATE_VM, 0) >= 0 ? 0 : errno;
}

static int read_answer(int fd, guint ms)
{
    struct pollfd slot = {.fd = fd, .events = POLLIN};
    int answer;

    return poll(&slot, 1, (int)ms) == 1 && read(fd, &answer, sizeof(answer)) == sizeof(answer) ? answer
                                                                                              : HANGS;
}

/*
 * By a child, as what hangs in the kernel may not even be killed: then the child is left to that. 0, an
 * errno or HANGS.
 */
static int ask(const char *path, guint ms)
{
    int fds[2], answer;
    pid_t child;

    if (pipe2(fds, O_CLOEXEC) != 0) {
        return errno;
    }
    child = fork();
    if (child == 0) {
        answer = make_machine(path);
        _exit(write(fds[1], &answer, sizeof(answer)) == sizeof(answer) ? 0 : 1);
    }
    close(fds[1]);
    answer = child > 0 ? read_answer(fds[0], ms) : errno;
    close(fds[0]);
    if (child > 0 && answer == HANGS) {
        kill(child, SIGKILL);
        waitpid(child, NULL, WNOHANG);
    } else if (child > 0) {
        waitpid(child, NULL, 0);
    }
    return answer;
}

/* A /dev/kvm without the processor's help (in a container or VM) can hang in a real kernel. */
static gboolean cpu_has_virtualization(void)
{
    g_autofree char *info = NULL;

    return g_file_get_contents("/proc/cpuinfo", &info, NULL, NULL) &&
           g_regex_match_simple("^flags.*\\b(vmx|svm)\\b", info, G_REGEX_MULTILINE, 0);
}

gboolean vmb_kvm_try(const char *path, guint ms, char **why)
{
    int answer = ask(path, ms);

    if (answer == HANGS) {
        *why = g_strdup_printf("%s does not answer within %g s", path, ms / 1000.0);
    } else if (answer != 0) {
        *why = g_strdup_printf("%s: %s", path, g_strerror(answer));
    }
    return answer == 0;
}

gboolean vmb_kvm_is_usable(char **why)
{
    static gboolean asked, usable;
    static char *reason;

    if (!asked) {
        asked = TRUE;
        usable = vmb_kvm_try("/dev/kvm", PATIENCE_MS, &reason);
        if (usable && !cpu_has_virtualization()) {
            usable = FALSE;
            reason = g_strdup("/dev/kvm without vmx or svm in /proc/cpuinfo");
        }
    }
    *why = g_strdup(reason);
    return usable;
}
