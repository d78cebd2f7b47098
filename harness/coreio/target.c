/* SPDX-License-Identifier: BSD-2-Clause */
#include "target.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* The two halves of a target; `port` is NULL when there is none. */
struct halves {
    const char *host;
    size_t host_len;
    const char *port;
};

static bool split_brackets(const char *text, struct halves *halves)
{
    const char *end = strchr(text, ']');

    if (!end || (end[1] != '\0' && end[1] != ':')) {
        return false;
    }
    halves->host = text + 1;
    halves->host_len = (size_t)(end - halves->host);
    halves->port = end[1] == ':' ? end + 2 : NULL;
    return true;
}

static bool split(const char *text, struct halves *halves)
{
    const char *colon = strchr(text, ':');

    if (text[0] == '[') {
        return split_brackets(text, halves);
    }
    /* With two colons it is a bare IPv6 address, which leaves no place for a port. */
    if (colon && strchr(colon + 1, ':')) {
        colon = NULL;
    }
    halves->host = text;
    halves->host_len = colon ? (size_t)(colon - text) : strlen(text);
    halves->port = colon ? colon + 1 : NULL;
    return true;
}

static bool port_valid(const char *port)
{
    unsigned value = 0;
    size_t len = strlen(port);

    if (len >= COREIO_PORT_SIZE) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (port[i] < '0' || port[i] > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(port[i] - '0');
    }
    return value >= 1 && value <= 65535;
}

/* With a slash: "unix:4300" is a host of that name. */
static const char *unix_path(const char *text)
{
    static const char prefix[] = "unix:";
    size_t len = sizeof(prefix) - 1;

    return strncmp(text, prefix, len) == 0 && text[len] == '/' ? text + len : NULL;
}

static int set_path(const char *path, struct coreio_target *target)
{
    if (strlen(path) >= COREIO_PATH_SIZE) {
        return -EINVAL;
    }
    target->is_unix = true;
    strcpy(target->host, path);
    target->port[0] = '\0';
    return 0;
}

int coreio_target_parse(const char *text, struct coreio_target *target)
{
    struct halves halves;
    const char *port;

    if (text && unix_path(text)) {
        return set_path(unix_path(text), target);
    }
    if (!text || !split(text, &halves)) {
        return -EINVAL;
    }
    port = halves.port ? halves.port : COREIO_DEFAULT_PORT;
    if (halves.host_len == 0 || halves.host_len >= sizeof(target->host) || !port_valid(port)) {
        return -EINVAL;
    }
    target->is_unix = false;
    memcpy(target->host, halves.host, halves.host_len);
    target->host[halves.host_len] = '\0';
    strcpy(target->port, port);
    return 0;
}
