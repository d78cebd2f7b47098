/* SPDX-License-Identifier: BSD-2-Clause */
/* Open a TCP connection to a target. */
#ifndef COREIO_DIAL_H
#define COREIO_DIAL_H

#include "target.h"

/*
 * Resolve the host, try each of its addresses, and wait for the connection.
 * Returns a socket with TCP_NODELAY and close-on-exec that the caller closes,
 * or a negative errno as coreio_connect() documents. Any thread.
 */
int coreio_dial(const struct coreio_target *target);

#endif
