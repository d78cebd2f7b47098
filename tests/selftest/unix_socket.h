/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Unix socket of QEMU's, as somebody uses it who looks into a guest. Failures are Check failures. */
#ifndef TESTS_UNIX_SOCKET_H
#define TESTS_UNIX_SOCKET_H

#include <gio/gio.h>

/* Free with g_object_unref(). */
GSocketConnection *socket_connect(const char *path);

void socket_say(GSocketConnection *connection, const char *text);

/* Read on until that came. */
void socket_hear(GSocketConnection *connection, const char *words);

#endif
