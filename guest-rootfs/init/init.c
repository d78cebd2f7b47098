/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1 of the guest. It mounts what programs expect, does what the image asks for (startup.h), starts
 * the agent and reaps orphans. In an image that has an init of its own it leaves the rest to that
 * (vmbench.init=), and the image as that expects it.
 *
 * The agent is linked in and forked, not executed: one program less to unpack and load in
 * an emulated machine. When something goes wrong init says why in one line on the console
 * and ends, which panics the kernel: the harness sees that at once and has the reason in
 * the log, where a restarted agent would hide it.
 */
#include "agent.h"
#include "cmdline.h"
#include "line.h"
#include "power.h"
#include "resume.h"
#include "startup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_WAIT_MS = 10000 };

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    dprintf(STDERR_FILENO, "vmmio-init: %s\n", text);
    exit(EXIT_FAILURE);
}

/* Somebody else's image may go without, or have what debootstrap leaves in a container: /proc -> /proc. */
static void make_directory(const char *where)
{
    struct stat there;

    if (stat(where, &there) < 0) {
        unlink(where);
        mkdir(where, 0755);
    }
}

/* TRUE unless the kernel was built to mount it by itself. */
static bool mount_one(const char *type, const char *where)
{
    make_directory(where);
    if (mount(type, where, type, 0, NULL) == 0) {
        return true;
    }
    if (errno != EBUSY) {
        die("cannot mount %s on %s: %s", type, where, strerror(errno));
    }
    return false;
}

static struct {
    const char *type, *where;
    bool ours;
} mounts[] = {{"devtmpfs", "/dev", false}, {"proc", "/proc", false}, {"sysfs", "/sys", false}};

enum { MOUNTS = sizeof(mounts) / sizeof(mounts[0]) };

static void mount_all(void)
{
    for (size_t i = 0; i < MOUNTS; i++) {
        mounts[i].ours = mount_one(mounts[i].type, mounts[i].where);
    }
}

/* What is open there stays open. */
static void unmount_all(void)
{
    for (size_t i = 0; i < MOUNTS; i++) {
        if (mounts[i].ours && umount2(mounts[i].where, MNT_DETACH) < 0) {
            die("cannot unmount %s: %s", mounts[i].where, strerror(errno));
        }
    }
}

static void open_console(void)
{
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);

    for (int i = 0; fd >= 0 && i < 3; i++) {
        dup2(fd, i);
    }
    if (fd > STDERR_FILENO) {
        close(fd);
    }
}

/* The whole of a small file, with a NUL behind it. */
static void read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    if (n < 0) {
        die("cannot read %s: %s", path, strerror(errno));
    }
    close(fd);
    text[n] = '\0';
}

static struct boot_params read_params(void)
{
    char text[4096];
    struct boot_params params;
    const char *problem;

    read_text("/proc/cmdline", text, sizeof(text));
    problem = cmdline_parse(text, &params);
    if (problem != NULL) {
        die("%s (kernel command line)", problem);
    }
    /* Booted by hand, without a harness: a shell is what a person wants. */
    if (params.results[0] == '\0' && params.shell == BOOT_SHELL_NONE && params.init[0] == '\0') {
        params.shell = BOOT_SHELL_PLAIN;
    }
    return params;
}

/* /dev/console cannot control a session; the terminal behind it can. */
static const char *console_name(char *text, size_t size)
{
    char *last;

    read_text("/sys/class/tty/console/active", text, size);
    text[strcspn(text, "\n")] = '\0';
    last = strrchr(text, ' ');
    return last != NULL ? last + 1 : text;
}

/* -1 when there is none. */
static int open_results(const struct boot_params *params)
{
    int fd;

    if (params->results[0] == '\0') {
        return -1;
    }
    fd = line_open(params->results, LINE_WAIT_MS);
    if (fd < 0) {
        die("cannot open the results line /dev/%s: %s", params->results, strerror(-fd));
    }
    return fd;
}

__attribute__((noreturn))
static void run_agent(const struct boot_params *params, int results)
{
    char console[256];
    struct agent_config config = {.fd = results, .resumed = resume_apply};
    int error;

    prctl(PR_SET_DUMPABLE, 0); /* its memory has the run's nonce */
    if (params->shell != BOOT_SHELL_NONE) {
        config.shell = console_name(console, sizeof(console));
        config.login = params->shell == BOOT_SHELL_LOGIN;
    }
    error = agent_serve(&config);
    if (error != 0) {
        die("the agent failed: %s", strerror(-error));
    }
    exit(EXIT_SUCCESS);
}

static void report_end(int status)
{
    if (WIFSIGNALED(status)) {
        die("the agent was killed by signal %d; the guest ends here", WTERMSIG(status));
    }
    if (WEXITSTATUS(status) == EXIT_SUCCESS) {
        power_off(); /* the shell of a guest booted by hand was left */
    }
    die("the agent ended with status %d; the guest ends here", WEXITSTATUS(status));
}

static pid_t start_agent(const struct boot_params *params)
{
    int results = open_results(params);
    pid_t agent;

    resume_open();
    agent = fork();
    if (agent < 0) {
        die("cannot start the agent: %s", strerror(errno));
    }
    if (agent == 0) {
        run_agent(params, results);
    }
    if (results >= 0) {
        close(results);
    }
    return agent;
}

/*
 * From now on that program is PID 1, and the agent one of its children. The kernel would start it with
 * nothing mounted, and it may mount all that itself. /sbin/init is none that the kernel starts:
 * it follows the /init of an initramfs, which hands the mounts on.
 */
__attribute__((noreturn))
static void become(const char *init)
{
    if (strcmp(init, "/sbin/init") != 0) {
        unmount_all();
    }
    execl(init, init, (char *)NULL);
    die("cannot run the image's %s: %s", init, strerror(errno));
}

int main(void)
{
    struct boot_params params;
    pid_t agent, pid;
    int status;

    mount_all();
    open_console();
    setenv("PATH", "/usr/bin:/usr/sbin:/bin:/sbin", 1);
    setenv("HOME", "/root", 1);
    setenv("TERM", "vt100", 1);
    params = read_params();
    startup_name_modprobe();
    startup_load_modules();
    if (params.init[0] != '\0') {
        power_load_driver(); /* for the image's own poweroff */
        if (params.results[0] != '\0') {
            start_agent(&params);
        }
        become(params.init);
    }
    mount_one("tmpfs", "/tmp");
    startup_set_hostname();
    startup_run_scripts();
    if (params.shell != BOOT_SHELL_NONE) {
        power_load_driver(); /* only a person ends the guest from inside */
    }
    agent = start_agent(&params);
    power_catch_signals();
    while ((pid = wait(&status)) != agent || pid < 0) {
        if (pid < 0 && errno != EINTR) {
            die("cannot wait for the agent: %s", strerror(errno));
        }
    }
    report_end(status);
}
