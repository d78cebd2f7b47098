/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loaded before the C library: every lookup of a host's name fails with EINTR. */
#include <errno.h>
#include <netdb.h>

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    (void)host, (void)service, (void)hints, (void)list;
    errno = EINTR;
    return EAI_SYSTEM;
}
