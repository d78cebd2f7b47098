/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define UNIX_PREFIX "unix:"

bool channel_poll_from(const char *word)
{
    if (strcmp(word, "poll") != 0 && strcmp(word, "block") != 0) {
        errx(EXIT_FAILURE, "`%s`: it is block or poll", word);
    }
    return word[0] == 'p';
}

static void set_nodelay(int fd)
{
    int one = 1;

    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0) {
        err(EXIT_FAILURE, "TCP_NODELAY");
    }
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path)) {
        errx(EXIT_FAILURE, "%s is too long for a Unix socket's path", path);
    }
    strcpy(address.sun_path, path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        err(EXIT_FAILURE, "cannot connect to %s", path);
    }
    return fd;
}

static int connect_tcp(const char *endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strrchr(endpoint, ':');
    char host[INET_ADDRSTRLEN];
    int fd;

    if (colon == NULL || (size_t)(colon - endpoint) >= sizeof(host)) {
        errx(EXIT_FAILURE, "`%s` is neither A.B.C.D:PORT nor unix:PATH", endpoint);
    }
    memcpy(host, endpoint, (size_t)(colon - endpoint));
    host[colon - endpoint] = '\0';
    address.sin_port = htons((uint16_t)bench_number(colon + 1, "port"));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        errx(EXIT_FAILURE, "`%s` is no IPv4 address", host);
    }
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        err(EXIT_FAILURE, "cannot connect to %s", endpoint);
    }
    set_nodelay(fd);
    return fd;
}

struct channel channel_connect(const char *endpoint, bool poll)
{
    bool is_unix = strncmp(endpoint, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;

    return (struct channel){
        .fd = is_unix ? connect_unix(endpoint + strlen(UNIX_PREFIX)) : connect_tcp(endpoint),
        .poll = poll,
    };
}

/* The listener's queue takes the connection before anybody accepts it. */
static void pair_tcp(int fds[2])
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || fds[0] < 0 || bind(listener, (struct sockaddr *)&address, len) != 0 ||
        listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0 ||
        connect(fds[0], (struct sockaddr *)&address, len) != 0) {
        err(EXIT_FAILURE, "cannot connect over loopback");
    }
    fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fds[1] < 0) {
        err(EXIT_FAILURE, "accept");
    }
    close(listener);
    set_nodelay(fds[0]);
    set_nodelay(fds[1]);
}

void channel_pair(const char *kind, bool poll, struct channel ends[2])
{
    int fds[2];

    if (strcmp(kind, "tcp") == 0) {
        pair_tcp(fds);
    } else if (strcmp(kind, "unix") != 0) {
        errx(EXIT_FAILURE, "`%s`: it is tcp or unix", kind);
    } else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        err(EXIT_FAILURE, "socketpair");
    }
    ends[0] = (struct channel){.fd = fds[0], .poll = poll};
    ends[1] = (struct channel){.fd = fds[1], .poll = poll};
}

void channel_close(struct channel *channel)
{
    close(channel->fd);
    channel->fd = -1;
}

size_t channel_receive(const struct channel *channel, void *bytes, size_t room)
{
    int flags = channel->poll ? MSG_DONTWAIT : 0;
    ssize_t n;

    do {
        n = recv(channel->fd, bytes, room, flags);
    } while (n < 0 && (errno == EAGAIN || errno == EINTR));
    if (n < 0 && errno != ECONNRESET) {
        err(EXIT_FAILURE, "recv");
    }
    return n < 0 ? 0 : (size_t)n;
}

bool channel_receive_all(const struct channel *channel, void *bytes, size_t len)
{
    size_t have = 0;

    while (have < len) {
        size_t n = channel_receive(channel, (char *)bytes + have, len - have);

        if (n == 0) {
            return false;
        }
        have += n;
    }
    return true;
}

size_t channel_send_some(const struct channel *channel, const void *bytes, size_t len)
{
    ssize_t n = send(channel->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        err(EXIT_FAILURE, "send");
    }
    return n < 0 ? 0 : (size_t)n;
}

void channel_send(const struct channel *channel, const void *bytes, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(channel->fd, (const char *)bytes + sent, len - sent, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR) {
            err(EXIT_FAILURE, "send");
        }
        sent += n < 0 ? 0 : (size_t)n;
    }
}

bool channel_wait_either(const struct channel *channel)
{
    struct pollfd pfd = {.fd = channel->fd, .events = POLLIN | POLLOUT};

    if (poll(&pfd, 1, -1) < 0 && errno != EINTR) {
        err(EXIT_FAILURE, "poll");
    }
    return (pfd.revents & ~POLLOUT) != 0;
}

void bench_pin(const char *cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(atoi(cpu), &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
        err(EXIT_FAILURE, "CPU %s", cpu);
    }
}

uint64_t bench_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

unsigned long bench_number(const char *text, const char *what)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*end != '\0' || value == 0 || text[0] == '-') {
        errx(EXIT_FAILURE, "%s `%s`: it is a number above 0", what, text);
    }
    return value;
}
