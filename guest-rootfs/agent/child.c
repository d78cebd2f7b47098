/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The agent blocks SIGCHLD and ignores SIGPIPE; its children must not. */
static int default_signals(posix_spawnattr_t *attr, short flags)
{
    sigset_t none, all;
    int error;

    sigemptyset(&none);
    sigfillset(&all);
    error = posix_spawnattr_setsigmask(attr, &none);
    if (error == 0) {
        error = posix_spawnattr_setsigdefault(attr, &all);
    }
    if (error == 0) {
        flags |= POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        error = posix_spawnattr_setflags(attr, flags);
    }
    return error;
}

static bool names_equal(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");

    return strncmp(a, b, n) == 0 && strcspn(b, "=") == n;
}

static bool overridden(const char *variable, const char *const *by)
{
    for (; *by != NULL; by++) {
        if (names_equal(variable, *by)) {
            return true;
        }
    }
    return false;
}

static size_t count_strings(const char *const *strings)
{
    size_t n = 0;

    while (strings[n] != NULL) {
        n++;
    }
    return n;
}

/* The caller frees the array, not the strings. NULL when memory is short. */
static const char **merge_environment(const char *const *own, const char *const *added)
{
    const char **merged = calloc(count_strings(own) + count_strings(added) + 1, sizeof(*merged));
    size_t n = 0;

    if (merged == NULL) {
        return NULL;
    }
    for (; *own != NULL; own++) {
        if (!overridden(*own, added)) {
            merged[n++] = *own;
        }
    }
    for (; *added != NULL; added++) {
        merged[n++] = *added;
    }
    return merged;
}

static int spawn_on(posix_spawn_file_actions_t *actions, const struct agent_run *what, short flags,
                    pid_t *pid)
{
    const char **env = merge_environment((const char *const *)environ, what->env);
    posix_spawnattr_t attr;
    int error;

    if (env == NULL) {
        return ENOMEM;
    }
    error = posix_spawnattr_init(&attr);
    if (error == 0) {
        error = default_signals(&attr, flags);
        if (error == 0) {
            /* exec() changes neither the strings nor the arrays: the casts are safe. */
            error = posix_spawnp(pid, what->argv[0], actions, &attr, (char *const *)what->argv,
                                 (char *const *)env);
        }
        posix_spawnattr_destroy(&attr);
    }
    free(env);
    return error;
}

int child_program(const struct agent_run *what, const int fds[3], pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0) {
        return error;
    }
    for (int i = 0; i < 3 && error == 0; i++) {
        error = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_addchdir_np(&actions, what->cwd);
    }
    if (error == 0) {
        error = spawn_on(&actions, what, POSIX_SPAWN_SETPGROUP, pid);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int child_shell(const char *name, bool login, pid_t *pid)
{
    static const struct agent_run shell = {
        .argv = {"/bin/sh"}, .env = {"PS1=\\w # ", "HOME=/root"}, .cwd = "/",
    };
    static const struct agent_run login_program = {.argv = {"/bin/login"}, .cwd = "/"};
    posix_spawn_file_actions_t actions;
    char path[64];
    int error;

    if (snprintf(path, sizeof(path), "/dev/%s", name) >= (int)sizeof(path)) {
        return ENAMETOOLONG;
    }
    error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        return error;
    }
    /* The first terminal that a session leader opens becomes its controlling one. */
    error = posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR, 0);
    for (int i = 1; i < 3 && error == 0; i++) {
        error = posix_spawn_file_actions_adddup2(&actions, 0, i);
    }
    if (error == 0) {
        error = spawn_on(&actions, login ? &login_program : &shell, POSIX_SPAWN_SETSID, pid);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}
