/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "orphans.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int orphans_adopt(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ? -errno : 0;
}

/* 0: it is gone. Its name, in brackets before its state and its parent, may hold anything. */
static pid_t parent_of(pid_t pid)
{
    char path[64], text[512];
    size_t length;
    const char *name_end;
    FILE *file;
    int parent;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[length] = '\0';
    name_end = strrchr(text, ')');
    return name_end != NULL && sscanf(name_end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Call take(child) for each child but `spared`; returns how many there are, 0 without /proc. */
static unsigned each_child(pid_t spared, void (*take)(pid_t child))
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    unsigned count = 0;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;

        if (pid != 0 && pid != spared && parent_of(pid) == getpid()) {
            take(pid);
            count++;
        }
    }
    if (proc != NULL) {
        closedir(proc);
    }
    return count;
}

static void leave(pid_t child)
{
    (void)child;
}

/* Most often there is none at all, and the kernel says so at once. */
bool orphans_exist(pid_t spared)
{
    siginfo_t info;

    return (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD) &&
           each_child(spared, leave) > 0;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
}

void orphans_kill(pid_t spared)
{
    each_child(spared, end);
}
