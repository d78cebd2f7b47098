/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include <sys/un.h>
#include "qemu/cutils.h"
#include "qemu/sockets.h"
#include "qapi/error.h"
#include "vmmio-address.h"

/* The resolver would cut a larger port to 16 bits. */
static bool check_port(const char *text, Error **errp)
{
    unsigned port;

    if (qemu_strtoui(text, NULL, 10, &port) < 0 || port > UINT16_MAX) {
        error_setg(errp, "the port is no number from 0 to 65535");
        return false;
    }
    return true;
}

static bool check_path(const char *path, Error **errp)
{
    const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

    if (strlen(path) > max) {
        error_setg(errp, "the path is longer than %zu bytes", max);
        return false;
    }
    return true;
}

static bool check(const SocketAddress *addr, Error **errp)
{
    switch (addr->type) {
    case SOCKET_ADDRESS_TYPE_INET:
        return check_port(addr->u.inet.port, errp);
    case SOCKET_ADDRESS_TYPE_UNIX:
        return check_path(addr->u.q_unix.path, errp);
    default:
        error_setg(errp, "%s sockets are not supported", SocketAddressType_str(addr->type));
        return false;
    }
}

SocketAddress *vmmio_address_parse(const char *text, Error **errp)
{
    g_autoptr(SocketAddress) addr = socket_parse(text, errp);

    if (!addr || !check(addr, errp)) {
        error_prepend(errp, "vmmio: listen=%s is no HOST:PORT, [v6]:PORT or unix:PATH: ", text);
        return NULL;
    }
    return g_steal_pointer(&addr);
}

/* True unless a connection to the socket file fails for want of a listener. */
static bool somebody_listens(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = qemu_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bool refused;

    pstrcpy(un.sun_path, sizeof(un.sun_path), path);
    refused = connect(fd, (const struct sockaddr *)&un, sizeof(un)) < 0 && errno == ECONNREFUSED;
    close(fd);
    return !refused;
}

/* QEMU removes what is there before it binds: let that be nothing but a dead socket. */
bool vmmio_address_check_free(const SocketAddress *addr, Error **errp)
{
    struct stat file;

    if (addr->type != SOCKET_ADDRESS_TYPE_UNIX || lstat(addr->u.q_unix.path, &file) < 0) {
        return true;
    }
    if (!S_ISSOCK(file.st_mode)) {
        error_setg(errp, "the file exists and is no socket");
        return false;
    }
    if (somebody_listens(addr->u.q_unix.path)) {
        error_setg(errp, "another program listens there");
        return false;
    }
    return true;
}

char *vmmio_address_text(const SocketAddress *addr)
{
    if (addr->type == SOCKET_ADDRESS_TYPE_UNIX) {
        return g_strdup_printf("unix:%s", addr->u.q_unix.path);
    }
    if (strchr(addr->u.inet.host, ':')) {
        return g_strdup_printf("[%s]:%s", addr->u.inet.host, addr->u.inet.port);
    }
    return g_strdup_printf("%s:%s", addr->u.inet.host, addr->u.inet.port);
}

bool vmmio_address_is_local(const SocketAddress *addr)
{
    return addr->type == SOCKET_ADDRESS_TYPE_UNIX ||
           g_str_has_prefix(addr->u.inet.host, "127.") || !strcmp(addr->u.inet.host, "::1");
}
