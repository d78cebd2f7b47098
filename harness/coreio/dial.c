/* SPDX-License-Identifier: BSD-2-Clause */
#include "dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static int resolve_errno(int code)
{
    switch (code) {
    case EAI_AGAIN:
        return -EAGAIN;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_SYSTEM:
        return -errno;
    default:
        return -ENOENT;
    }
}

/* An interrupted connect() goes on by itself and reports through SO_ERROR. */
static int finish_connect(int fd)
{
    struct pollfd wait = { .fd = fd, .events = POLLOUT };
    int err = 0;
    socklen_t len = sizeof(err);

    while (poll(&wait, 1, -1) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0) {
        return -errno;
    }
    return -err;
}

static int connect_socket(int fd, const struct addrinfo *address)
{
    const int on = 1;

    /* A request and its reply are one small packet each: never wait to fill a segment. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0) {
        return -errno;
    }
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
        return 0;
    }
    return errno == EINTR ? finish_connect(fd) : -errno;
}

static int dial_address(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC,
                    address->ai_protocol);
    int err;

    if (fd < 0) {
        return -errno;
    }
    err = connect_socket(fd, address);
    if (err) {
        close(fd);
        return err;
    }
    return fd;
}

int coreio_dial(const struct coreio_target *target)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    struct addrinfo *list;
    int code = getaddrinfo(target->host, target->port, &hints, &list);
    int fd = -ENOENT;

    if (code != 0) {
        return resolve_errno(code);
    }
    for (struct addrinfo *address = list; address && fd < 0; address = address->ai_next) {
        fd = dial_address(address);
    }
    freeaddrinfo(list);
    return fd;
}
