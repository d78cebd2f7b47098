/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of an endpoint's address, "HOST:PORT", "[v6]:PORT" or "unix:PATH", and what it means. */
#ifndef HW_MISC_VMMIO_ADDRESS_H
#define HW_MISC_VMMIO_ADDRESS_H

#include "qapi/qapi-types-sockets.h"

/*
 * The address to listen on that the text stands for; the caller frees it with
 * qapi_free_SocketAddress(). NULL and an error when the text is no such
 * address, the port is above 65535 or the path does not fit a socket address.
 * Any thread.
 */
SocketAddress *vmmio_address_parse(const char *text, Error **errp);

/*
 * False and an error when the path of a Unix socket is that of another kind of
 * file or of a socket that somebody listens on: binding would remove either.
 * Anything else is for binding to find out. Never waits; any thread.
 */
bool vmmio_address_check_free(const SocketAddress *addr, Error **errp);

/* The text of an Internet or Unix address. The caller frees it. Any thread. */
char *vmmio_address_text(const SocketAddress *addr);

/* True when only this machine can connect to that bound address. Any thread. */
bool vmmio_address_is_local(const SocketAddress *addr);

#endif
