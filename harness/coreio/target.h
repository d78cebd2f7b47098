/* SPDX-License-Identifier: BSD-2-Clause */
/* Target strings: where a VM listens, as a person writes it. */
#ifndef COREIO_TARGET_H
#define COREIO_TARGET_H

#include <stdbool.h>

/* The longest DNS name is 253 bytes, the longest port "65535". */
#define COREIO_HOST_SIZE 256
#define COREIO_PORT_SIZE 6

/* The port of a target that names none. */
#define COREIO_DEFAULT_PORT "4800"

/* The longest path of a Unix socket, with the zero behind it. */
#define COREIO_PATH_SIZE 108

struct coreio_target {
    bool is_unix;
    char host[COREIO_HOST_SIZE]; /* name or address, without brackets; or the path */
    char port[COREIO_PORT_SIZE]; /* decimal, 1-65535; empty for a path */
};

/*
 * Split `text`, in the forms that coreio_ctx_connect() documents, into *target.
 * Returns 0, or -EINVAL when text is NULL or of none of those forms; *target
 * is unspecified then. Any thread.
 */
int coreio_target_parse(const char *text, struct coreio_target *target);

#endif
