/* SPDX-License-Identifier: BSD-2-Clause */
/* From a target to a connected socket. Any thread. */
#ifndef COREIO_DIAL_H
#define COREIO_DIAL_H

#include "target.h"
#include "wait.h"

#include <sys/socket.h>

/* Addresses of one name that are tried. */
#define COREIO_ADDRESSES_MAX 16

struct coreio_address {
    socklen_t len;
    struct sockaddr_storage addr;
};

struct coreio_addresses {
    unsigned count;
    struct coreio_address list[COREIO_ADDRESSES_MAX];
};

/*
 * Find the addresses of a target: one or more in *addresses when it returns 0, else
 * *addresses is untouched and the result is -ENOENT, -EAGAIN or -ENOMEM, or the errno
 * of the resolver, as coreio_ctx_connect() documents. May block on the name service.
 */
int coreio_resolve(const struct coreio_target *target, struct coreio_addresses *addresses);

/*
 * Begin to connect to an address, and wait for the end of it, asking `wait`; NULL: do not wait.
 * Returns a socket with close-on-exec, and TCP_NODELAY if it is TCP, that the caller closes; or
 * a negative errno of socket(2) or connect(2); or the error of coreio_ask(). *connecting: it is
 * not connected yet; it will be writable when it is to be finished.
 */
int coreio_dial(const struct coreio_address *address, struct coreio_interrupt *wait,
                bool *connecting);

/* Finish it: 0, or the negative errno with which connecting failed. */
int coreio_dial_finish(int fd);

#endif
