/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bench's yardstick: 64 bytes to and fro between two processes over TCP on loopback, both
 * blocking, each tied to a CPU.
 *
 *     pingpong COUNT CPU CPU
 *
 * prints the nanoseconds of one round trip, the mean of COUNT. Exit status 1: an error.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PACKET = 64 };

static void receive(int fd, char *packet)
{
    if (recv(fd, packet, PACKET, MSG_WAITALL) != PACKET) {
        exit(EXIT_FAILURE); /* the other side ended and has said why */
    }
}

static void transmit(int fd, const char *packet)
{
    if (send(fd, packet, PACKET, MSG_NOSIGNAL) != PACKET) {
        err(EXIT_FAILURE, "send");
    }
}

static void set_nodelay(int fd)
{
    int one = 1;

    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0) {
        err(EXIT_FAILURE, "TCP_NODELAY");
    }
}

/* A listening socket on loopback; *address becomes where. */
static int start_listening(struct sockaddr_in *address)
{
    socklen_t len = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *address = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (fd < 0 || bind(fd, (struct sockaddr *)address, len) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)address, &len) != 0) {
        err(EXIT_FAILURE, "listen");
    }
    return fd;
}

static void serve(int listener, unsigned long count)
{
    char packet[PACKET];
    int fd;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fd = accept(listener, NULL, NULL);
    if (fd < 0) {
        err(EXIT_FAILURE, "accept");
    }
    set_nodelay(fd);
    for (; count > 0; count--) {
        receive(fd, packet);
        transmit(fd, packet);
    }
}

static void run_on(const char *cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(atoi(cpu), &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
        err(EXIT_FAILURE, "CPU %s", cpu);
    }
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double measure(const struct sockaddr_in *address, unsigned long count)
{
    char packet[PACKET] = {0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t start;

    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
        err(EXIT_FAILURE, "connect");
    }
    set_nodelay(fd);
    start = now_ns();
    for (unsigned long i = 0; i < count; i++) {
        transmit(fd, packet);
        receive(fd, packet);
    }
    return (double)(now_ns() - start) / (double)count;
}

int main(int argc, char **argv)
{
    unsigned long count = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;
    struct sockaddr_in address;
    int listener;
    pid_t child;

    if (count == 0) {
        errx(EXIT_FAILURE, "usage: pingpong COUNT CPU CPU");
    }
    listener = start_listening(&address);
    child = fork();
    if (child < 0) {
        err(EXIT_FAILURE, "fork");
    }
    if (child == 0) {
        run_on(argv[3]);
        serve(listener, count);
        return EXIT_SUCCESS;
    }
    run_on(argv[2]);
    printf("%.1f\n", measure(&address, count));
    return waitpid(child, NULL, 0) == child ? EXIT_SUCCESS : EXIT_FAILURE;
}
