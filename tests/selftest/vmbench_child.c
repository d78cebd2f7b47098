/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmbench_child.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK "VMBENCH_TEST_MARK="

char *child_path(const Child *child, const char *name)
{
    return g_build_filename(child->dir, name, NULL);
}

void child_init(Child *child)
{
    g_autofree char *tmp = NULL;

    child->dir = g_dir_make_tmp("vmbench-selftest-XXXXXX", NULL);
    ck_assert_ptr_nonnull(child->dir);
    child->mark = g_strdup_printf(MARK "%s", child->dir);
    child->program = NULL;
    child->input = NULL;
    child->pid = 0;
    child->terminal = -1;
    child->out = NULL;
    child->err = NULL;
    tmp = child_path(child, "tmp");
    ck_assert_int_eq(g_mkdir(tmp, 0755), 0);
}

static void redirect(const Child *child, const char *name, int target)
{
    g_autofree char *path = child_path(child, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    dup2(fd, target);
    close(fd);
}

static void exec_vmbench(const Child *child, gboolean terminal, const char *const *args)
{
    g_autofree char *tmp = child_path(child, "tmp");
    GPtrArray *argv = g_ptr_array_new();
    gboolean has_logs = child->program == NULL && g_strcmp0(args[0], "list") != 0;

    g_ptr_array_add(argv, g_strdup(child->program != NULL ? child->program : g_getenv("VMBENCH")));
    for (; *args != NULL; args++) {
        g_ptr_array_add(argv, g_strdup(*args));
    }
    if (has_logs) {
        g_ptr_array_add(argv, g_strdup("--logs"));
        g_ptr_array_add(argv, child_path(child, "logs"));
    }
    g_ptr_array_add(argv, NULL);
    /* A test that fails leaves its files to look at, but no guest that runs on. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    putenv(child->mark);
    setenv("TMPDIR", tmp, 1);
    if (!terminal) {
        int input = open(child->input != NULL ? child->input : "/dev/null", O_RDONLY);

        dup2(input, STDIN_FILENO);
        redirect(child, "out", STDOUT_FILENO);
        redirect(child, "err", STDERR_FILENO);
    }
    execv(argv->pdata[0], (char **)argv->pdata);
    _exit(127);
}

void child_start(Child *child, gboolean terminal, const char *const *args)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};

    ck_assert_ptr_nonnull(g_getenv("VMBENCH"));
    child->pid = terminal ? forkpty(&child->terminal, NULL, NULL, &size) : fork();
    ck_assert_int_ge(child->pid, 0);
    if (child->pid == 0) {
        exec_vmbench(child, terminal, args);
    }
}

static char *read_all(const Child *child, const char *name)
{
    g_autofree char *path = child_path(child, name);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

static gint64 deadline(void)
{
    return g_get_monotonic_time() + PATIENCE_SECONDS * G_USEC_PER_SEC;
}

int child_wait(Child *child)
{
    gint64 end = deadline();
    int status = 0;
    pid_t done;

    while ((done = waitpid(child->pid, &status, WNOHANG)) == 0) {
        ck_assert_msg(g_get_monotonic_time() < end, "vmbench does not end");
        g_usleep(2000);
    }
    ck_assert_int_eq(done, child->pid);
    g_free(child->out); /* of a run before */
    g_free(child->err);
    child->out = read_all(child, "out");
    child->err = read_all(child, "err");
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

gboolean child_has_ended(const Child *child)
{
    siginfo_t info = {.si_pid = 0};

    /* WNOWAIT: its status stays for child_wait(). */
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child->pid;
}

int child_run(Child *child, const char *const *args)
{
    child_start(child, FALSE, args);
    return child_wait(child);
}

static gboolean is_marked(const Child *child, const char *pid)
{
    g_autofree char *path = g_build_filename("/proc", pid, "environ", NULL);
    g_autofree char *text = NULL;
    gsize len = 0;

    /* A zombie has an empty environment: it is not counted. */
    if (!g_file_get_contents(path, &text, &len, NULL)) {
        return FALSE;
    }
    return memmem(text, len, child->mark, strlen(child->mark) + 1) != NULL;
}

static gboolean is_named(const char *pid, const char *name)
{
    g_autofree char *path = g_build_filename("/proc", pid, "cmdline", NULL);
    g_autofree char *command = NULL;
    g_autofree char *base = NULL;

    if (!g_file_get_contents(path, &command, NULL, NULL)) {
        return FALSE;
    }
    base = g_path_get_basename(command);
    return strcmp(base, name) == 0;
}

/* A marked process with that name (NULL: any), or 0. */
static pid_t look_for(const Child *child, const char *name)
{
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    const char *pid;

    while ((pid = g_dir_read_name(proc)) != NULL) {
        if (g_ascii_isdigit(pid[0]) && is_marked(child, pid) &&
            (name == NULL || is_named(pid, name))) {
            return (pid_t)g_ascii_strtoll(pid, NULL, 10);
        }
    }
    return 0;
}

pid_t child_find(const Child *child, const char *name)
{
    gint64 end = deadline();
    pid_t pid;

    while ((pid = look_for(child, name)) == 0) {
        ck_assert_msg(g_get_monotonic_time() < end, "no process called %s", name);
        g_usleep(10000); /* a look at all processes takes milliseconds itself */
    }
    return pid;
}

void child_await_text(const Child *child, const char *file, const char *text)
{
    gint64 end = deadline();

    for (;;) {
        g_autofree char *have = read_all(child, file);

        if (strstr(have, text) != NULL) {
            return;
        }
        ck_assert_msg(g_get_monotonic_time() < end, "no `%s` in %s: %s", text, file, have);
        g_usleep(2000);
    }
}

/* The kernel ends a killed process a moment after the signal: not at once, but soon. */
void child_assert_nothing_left(const Child *child)
{
    gint64 end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    pid_t left;

    while ((left = look_for(child, NULL)) != 0) {
        ck_assert_msg(g_get_monotonic_time() < end, "process %d is left", (int)left);
        g_usleep(2000);
    }
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

void child_finish(Child *child)
{
    g_autofree char *tmp = child_path(child, "tmp");

    child_assert_nothing_left(child);
    ck_assert_msg(g_rmdir(tmp) == 0, "%s: %s", tmp, g_strerror(errno));
    ck_assert_int_eq(nftw(child->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    if (child->terminal >= 0) {
        close(child->terminal);
    }
    g_free(child->dir);
    g_free(child->mark);
    g_free(child->out);
    g_free(child->err);
}

void child_assert_one_line(const Child *child)
{
    const char *newline = strchr(child->err, '\n');
    const char *log = strstr(child->err, " (log: ");

    ck_assert_msg(newline != NULL && newline[1] == '\0', "not one line: %s", child->err);
    ck_assert_msg(g_str_has_prefix(child->err, "vmbench: "), "%s", child->err);
    ck_assert_msg(log != NULL && g_str_has_suffix(child->err, ")\n"), "%s", child->err);

    log += strlen(" (log: ");
    g_autofree char *path = g_strndup(log, strlen(log) - 2);

    ck_assert_msg(g_file_test(path, G_FILE_TEST_IS_REGULAR), "no such log: %s", path);
}

char *child_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    return g_strdup_printf("%u", ntohs(address.sin_port));
}

char *child_script(const Child *child, const char *name, const char *body)
{
    char *path = child_path(child, name);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", body);

    ck_assert(g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    return path;
}
