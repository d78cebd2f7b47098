/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * own-loopback PROGRAM [ARG...]: become PROGRAM, with a network of its own that is a loopback
 * interface and nothing else. Port 4300 is free there, whatever else runs on the machine, so
 * tests of the usual port can run beside each other.
 *
 * A container may forbid that. Then it says so, and programs of this build that run by it take
 * turns on the machine's network.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0) {
        close(fd);
    }
    return written;
}

/* Who is not root may have one inside a user namespace, and is the same user there. */
static bool enter_namespaces(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    char uids[64], gids[64];

    if (unshare(CLONE_NEWNET) == 0) {
        return true;
    }
    snprintf(uids, sizeof(uids), "%u %u 1", uid, uid);
    snprintf(gids, sizeof(gids), "%u %u 1", gid, gid);
    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && write_text("/proc/self/setgroups", "deny") &&
           write_text("/proc/self/uid_map", uids) && write_text("/proc/self/gid_map", gids);
}

static bool enter_own_network(void)
{
    struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    int fd;
    bool up;

    if (!enter_namespaces()) {
        return false;
    }
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return up;
}

/* Tried by a child: what has gone half way cannot be taken back. 0 or what is in the way. */
static int try_own_network(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        _exit(enter_own_network() ? 0 : errno);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        err(EXIT_FAILURE, "own-loopback: cannot try a network namespace");
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

/* Until the program and all that it started have ended: they inherit the lock. */
static void await_turn(void)
{
    int fd = open("/proc/self/exe", O_RDONLY);

    if (fd < 0 || flock(fd, LOCK_EX) < 0) {
        err(EXIT_FAILURE, "own-loopback: cannot lock my own file");
    }
}

int main(int argc, char **argv)
{
    int obstacle;

    if (argc < 2) {
        fprintf(stderr, "usage: own-loopback PROGRAM [ARG...]\n");
        return 2;
    }
    obstacle = try_own_network();
    if (obstacle != 0) {
        fprintf(stderr, "own-loopback: no network namespace (%s): %s takes turns with other tests\n",
                strerror(obstacle), argv[1]);
        await_turn();
    } else if (!enter_own_network()) {
        err(EXIT_FAILURE, "own-loopback: cannot enter a network namespace");
    }
    execvp(argv[1], argv + 1);
    err(127, "own-loopback: %s", argv[1]);
}
