/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "startup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char scripts[] = "/etc/vmbench/init.d";

void startup_set_hostname(void)
{
    FILE *file = fopen("/etc/hostname", "re");
    char name[65];

    if (file == NULL) {
        return;
    }
    if (fgets(name, sizeof(name), file) != NULL &&
        sethostname(name, strcspn(name, "\n")) < 0) {
        dprintf(STDERR_FILENO, "vmmio-init: cannot name the host: %s\n", strerror(errno));
    }
    fclose(file);
}

void startup_name_modprobe(void)
{
    static const char path[] = "/usr/sbin/modprobe";
    int fd;

    if (access("/sbin/modprobe", F_OK) == 0 || access(path, X_OK) < 0) {
        return;
    }
    fd = open("/proc/sys/kernel/modprobe", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, path, sizeof(path) - 1) < 0) {
        dprintf(STDERR_FILENO, "vmmio-init: cannot tell the kernel of %s: %s\n", path,
                strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

int startup_load_module(const char *file, const char *parameters)
{
    char path[512];
    int fd, error = 0;

    snprintf(path, sizeof(path), "/lib/modules/%s", file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    if (syscall(SYS_finit_module, fd, parameters, 0) < 0) {
        error = -errno;
    }
    close(fd);
    return error;
}

/* Cuts `line` in two. */
static void load_line(char *line)
{
    char *parameters = line + strcspn(line, " ");
    int error;

    if (*parameters != '\0') {
        *parameters++ = '\0';
    }
    error = startup_load_module(line, parameters);
    if (error != 0) {
        dprintf(STDERR_FILENO, "vmmio-init: cannot load the module %s: %s\n", line,
                strerror(-error));
    }
}

void startup_load_modules(void)
{
    FILE *list = fopen("/etc/vmbench/modules", "re");
    char *line = NULL;
    size_t size = 0;

    while (list != NULL && getline(&line, &size, list) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0') {
            load_line(line);
        }
    }
    free(line);
    if (list != NULL) {
        fclose(list);
    }
}

static int is_executable(const struct dirent *entry)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", scripts, entry->d_name);
    return entry->d_name[0] != '.' && access(path, X_OK) == 0;
}

static void run_script(const char *name)
{
    char path[512];
    char *argv[] = {path, NULL};
    int status = 0;
    pid_t pid;
    int error;

    snprintf(path, sizeof(path), "%s/%s", scripts, name);
    error = posix_spawn(&pid, path, NULL, NULL, argv, environ);
    if (error != 0) {
        dprintf(STDERR_FILENO, "vmmio-init: cannot run %s: %s\n", path, strerror(error));
        return;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        dprintf(STDERR_FILENO, "vmmio-init: %s was killed by signal %d\n", path, WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        dprintf(STDERR_FILENO, "vmmio-init: %s ended with status %d\n", path,
                WEXITSTATUS(status));
    }
}

void startup_run_scripts(void)
{
    struct dirent **names;
    int count = scandir(scripts, &names, is_executable, alphasort);

    for (int i = 0; i < count; i++) {
        run_script(names[i]->d_name);
        free(names[i]);
    }
    if (count >= 0) {
        free(names);
    }
}
