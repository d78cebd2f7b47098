/* SPDX-License-Identifier: BSD-2-Clause */
#include "dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
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

static void set_unix_address(const char *path, struct coreio_addresses *addresses)
{
    struct sockaddr_un *address = (struct sockaddr_un *)&addresses->list[0].addr;

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, path);
    addresses->list[0].len = sizeof(*address);
    addresses->count = 1;
}

int coreio_resolve(const struct coreio_target *target, struct coreio_addresses *addresses)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    struct addrinfo *list;
    unsigned count = 0;
    int code;

    if (target->is_unix) {
        set_unix_address(target->host, addresses);
        return 0;
    }
    code = getaddrinfo(target->host, target->port, &hints, &list);
    if (code != 0) {
        return resolve_errno(code);
    }
    for (struct addrinfo *at = list; at && count < COREIO_ADDRESSES_MAX; at = at->ai_next) {
        memcpy(&addresses->list[count].addr, at->ai_addr, at->ai_addrlen);
        addresses->list[count++].len = at->ai_addrlen;
    }
    addresses->count = count;
    freeaddrinfo(list);
    return 0;
}

static int wait_writable(int fd, struct coreio_interrupt *wait)
{
    struct pollfd writable = { .fd = fd, .events = POLLOUT };
    int ready;

    do {
        ready = coreio_wait(wait, &writable, 1, COREIO_NEVER);
    } while (ready == 0);
    return ready < 0 ? ready : 0;
}

/*
 * A loopback port of the range that the kernel chooses from, with nobody listening: a socket
 * that is given this very port as its own gets connected to itself.
 */
static bool connected_to_itself(int fd)
{
    struct sockaddr_storage own, peer;
    socklen_t own_len = sizeof(own), peer_len = sizeof(peer);

    return getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0 &&
           own.ss_family != AF_UNIX && own_len == peer_len && memcmp(&own, &peer, own_len) == 0;
}

/* The library receives with and without waiting, and says so each time: no O_NONBLOCK. */
int coreio_dial_finish(int fd)
{
    int err = 0;
    socklen_t len = sizeof(err);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || fcntl(fd, F_SETFL, 0) < 0) {
        return -errno;
    }
    return !err && connected_to_itself(fd) ? -ECONNREFUSED : -err;
}

static int set_options(int fd, bool is_unix, bool waits)
{
    const struct timeval limit = { .tv_usec = COREIO_INTERRUPT_USEC };
    const int on = 1;

    /* A request and its reply are one small packet each: never wait to fill a segment. */
    if (!is_unix && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0) {
        return -errno;
    }
    /* For connect() alone, which is to wake up and ask: no send() of the library waits. */
    if (waits && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0) {
        return -errno;
    }
    return 0;
}

/* 0, connected; -EINPROGRESS, not yet. */
static int start_connect(int fd, const struct coreio_address *address,
                         struct coreio_interrupt *wait)
{
    bool is_unix = address->addr.ss_family == AF_UNIX;
    int stop, err = set_options(fd, is_unix, wait);

    if (err) {
        return err;
    }
    do {
        err = connect(fd, (const struct sockaddr *)&address->addr, address->len) < 0 ? -errno : 0;
        /* TCP goes on by itself. */
        if (err == -EINTR && !is_unix) {
            return -EINPROGRESS;
        }
        /* A Unix socket has nothing to poll for while the VM's queue is full. */
        if (err != -EINTR && (err != -EAGAIN || !wait)) {
            return err;
        }
        stop = wait ? coreio_ask(wait) : 0;
    } while (!stop);
    return stop;
}

static int connect_socket(int fd, const struct coreio_address *address,
                          struct coreio_interrupt *wait, bool *connecting)
{
    int err = start_connect(fd, address, wait);

    *connecting = err == -EINPROGRESS && !wait;
    if (err == -EINPROGRESS && wait) {
        err = wait_writable(fd, wait);
    } else if (err == -EINPROGRESS) {
        return 0;
    }
    return err ? err : coreio_dial_finish(fd);
}

int coreio_dial(const struct coreio_address *address, struct coreio_interrupt *wait,
                bool *connecting)
{
    int type = SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK);
    int fd = socket(address->addr.ss_family, type, 0);
    int err;

    if (fd < 0) {
        return -errno;
    }
    err = connect_socket(fd, address, wait, connecting);
    if (err) {
        close(fd);
        return err;
    }
    return fd;
}
