/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer.h"

#include <check.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define UNIX_PREFIX "unix:"
#define TEXT_MAX 512

static int connect_to(const struct sockaddr *address, socklen_t len, const char *endpoint)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_msg(connect(fd, address, len) == 0, "cannot connect to %s: %s", endpoint,
                  strerror(errno));
    return fd;
}

static int connect_unix(const char *endpoint)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", endpoint + strlen(UNIX_PREFIX));
    return connect_to((struct sockaddr *)&address, sizeof(address), endpoint);
}

static int connect_tcp(const char *endpoint)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    const char *colon = strrchr(endpoint, ':');
    struct addrinfo *found;
    char host[64];
    const int on = 1;
    int fd;

    ck_assert_msg(colon != NULL, "no endpoint: '%s'", endpoint);
    if (endpoint[0] == '[') {
        snprintf(host, sizeof(host), "%.*s", (int)(colon - endpoint - 2), endpoint + 1);
    } else {
        snprintf(host, sizeof(host), "%.*s", (int)(colon - endpoint), endpoint);
    }
    ck_assert_msg(getaddrinfo(host, colon + 1, &hints, &found) == 0, "no address: %s", endpoint);
    fd = connect_to(found->ai_addr, found->ai_addrlen, endpoint);
    freeaddrinfo(found);
    ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    return fd;
}

static ssize_t plain_send(struct peer *peer, const void *bytes, size_t len)
{
    return send(peer->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t plain_recv(struct peer *peer, void *bytes, size_t len)
{
    return recv(peer->fd, bytes, len, MSG_DONTWAIT);
}

static void plain_close(struct peer *peer)
{
    close(peer->fd);
}

void peer_connect(struct peer *peer, const char *endpoint)
{
    static const struct peer_transport plain = { plain_send, plain_recv, plain_close };
    bool is_unix = strncmp(endpoint, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;

    peer->transport = &plain;
    peer->session = NULL;
    peer->fd = is_unix ? connect_unix(endpoint) : connect_tcp(endpoint);
}

void peer_close(struct peer *peer)
{
    peer->transport->close(peer);
    peer->fd = -1;
}

/* Read the packet's text; a ".." gives 0 and is marked. Missing bytes are 0. */
static void parse(const char *text, uint8_t *packet, bool *any)
{
    size_t len = 0;
    char pair[3];
    int used;

    memset(packet, 0, PEER_PACKET);
    memset(any, 0, PEER_PACKET);
    while (sscanf(text, " %2[0-9a-f.]%n", pair, &used) == 1) {
        unsigned value = 0;

        ck_assert_msg(len < PEER_PACKET, "a packet of more than 64 bytes in a test");
        any[len] = strcmp(pair, "..") == 0;
        ck_assert_msg(any[len] || sscanf(pair, "%2x", &value) == 1, "no byte: %s", pair);
        packet[len++] = (uint8_t)value;
        text += used;
    }
    ck_assert_msg(text[strspn(text, " ")] == '\0', "not hex: %s", text);
}

void peer_parse(const char *text, uint8_t packet[PEER_PACKET])
{
    bool any[PEER_PACKET];

    parse(text, packet, any);
    ck_assert_msg(memchr(any, true, PEER_PACKET) == NULL, "a packet to send has no '..'");
}

bool peer_wait(const struct peer *peer, short events, int milliseconds)
{
    struct pollfd wait = { .fd = peer->fd, .events = events };

    return poll(&wait, 1, milliseconds) == 1;
}

void peer_send(struct peer *peer, const void *bytes, size_t len)
{
    const char *next = bytes;

    while (len > 0) {
        ssize_t n = peer->transport->send(peer, next, len);

        if (n < 0) {
            ck_assert_msg(errno == EAGAIN, "the device took no packet: %s", strerror(errno));
            ck_assert_msg(peer_wait(peer, POLLOUT, PEER_SECONDS * 1000),
                          "the device receives nothing any more");
            continue;
        }
        next += n;
        len -= (size_t)n;
    }
}

void peer_send_text(struct peer *peer, const char *text)
{
    uint8_t packet[PEER_PACKET];

    peer_parse(text, packet);
    peer_send(peer, packet, sizeof(packet));
}

void peer_send_until_closed(struct peer *peer, const char *text, unsigned max)
{
    uint8_t packet[PEER_PACKET];

    peer_parse(text, packet);
    for (unsigned sent = 0; sent < max; sent++) {
        ck_assert_msg(peer_wait(peer, POLLOUT, PEER_SECONDS * 1000),
                      "the device neither receives nor closes");
        if (send(peer->fd, packet, sizeof(packet), MSG_NOSIGNAL) < 0) {
            ck_assert_msg(errno == EPIPE || errno == ECONNRESET, "%s", strerror(errno));
            return;
        }
    }
    ck_abort_msg("the device took %u packets and did not close the connection", max);
}

static unsigned port_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_in address = { 0 };
    socklen_t len = sizeof(address);

    ck_assert_int_eq(get(fd, (struct sockaddr *)&address, &len), 0);
    ck_assert_int_eq(address.sin_family, AF_INET);
    return ntohs(address.sin_port);
}

/* Bytes in the receive queue of the device's end: it is in the same kernel. */
static unsigned unread_by_device(const struct peer *peer)
{
    unsigned theirs = port_of(peer->fd, getpeername);
    unsigned ours = port_of(peer->fd, getsockname);
    FILE *table = fopen("/proc/net/tcp", "r");
    char line[256];

    ck_assert_ptr_nonnull(table);
    while (fgets(line, sizeof(line), table)) {
        unsigned local, remote, unread;

        if (sscanf(line, " %*u: %*x:%x %*x:%x %*x %*x:%x", &local, &remote, &unread) == 3 &&
            local == theirs && remote == ours) {
            fclose(table);
            return unread;
        }
    }
    fclose(table);
    ck_abort_msg("the device's end of the connection is not in /proc/net/tcp");
}

void peer_await_received(const struct peer *peer)
{
    time_t started = time(NULL);

    while (unread_by_device(peer) > 0) {
        ck_assert_msg(time(NULL) - started <= PEER_SECONDS, "the device does not receive");
        usleep(100);
    }
}

/* Like recv(); waits for up to PEER_SECONDS. */
static ssize_t receive_some(struct peer *peer, void *bytes, size_t len)
{
    ssize_t n = peer->transport->recv(peer, bytes, len);

    while (n < 0 && errno == EAGAIN) {
        if (!peer_wait(peer, POLLIN, PEER_SECONDS * 1000)) {
            errno = ETIMEDOUT;
            return -1;
        }
        n = peer->transport->recv(peer, bytes, len);
    }
    return n;
}

void peer_receive(struct peer *peer, uint8_t packet[PEER_PACKET])
{
    size_t have = 0;

    while (have < PEER_PACKET) {
        ssize_t n = receive_some(peer, packet + have, PEER_PACKET - have);

        ck_assert_msg(n >= 0, "no packet from the device, only %zu bytes: %s", have,
                      strerror(errno));
        ck_assert_msg(n > 0, "the device closed the connection after %zu bytes", have);
        have += (size_t)n;
    }
}

/* "word 3: aa aa ..." a line, with what was expected beside. */
static void print_difference(const uint8_t *got, const uint8_t *want, const bool *any)
{
    for (unsigned word = 0; word < PEER_PACKET / 8; word++) {
        fprintf(stderr, "word %u: got", word);
        for (unsigned i = word * 8; i < word * 8 + 8; i++) {
            fprintf(stderr, " %02x", got[i]);
        }
        fprintf(stderr, ", expected");
        for (unsigned i = word * 8; i < word * 8 + 8; i++) {
            fprintf(stderr, any[i] ? " .." : " %02x", want[i]);
        }
        fprintf(stderr, "\n");
    }
}

void peer_expect(struct peer *peer, const char *text, uint8_t packet[PEER_PACKET])
{
    uint8_t got[PEER_PACKET];
    uint8_t want[PEER_PACKET];
    bool any[PEER_PACKET];

    parse(text, want, any);
    peer_receive(peer, got);
    for (unsigned i = 0; i < PEER_PACKET; i++) {
        if (!any[i] && got[i] != want[i]) {
            print_difference(got, want, any);
            ck_abort_msg("the device sent another packet than expected (byte %u)", i);
        }
    }
    if (packet) {
        memcpy(packet, got, PEER_PACKET);
    }
}

void peer_expect_closed(struct peer *peer)
{
    uint8_t byte;
    ssize_t n;

    n = receive_some(peer, &byte, 1);
    ck_assert_msg(n <= 0, "the device sent byte %02x and should have closed", byte);
    ck_assert_msg(n == 0 || errno == ECONNRESET, "the device did not close the connection: %s",
                  strerror(errno));
}

void peer_expect_silence(struct peer *peer, int milliseconds)
{
    ck_assert_msg(!peer_wait(peer, POLLIN, milliseconds),
                  "the device sent something or closed, and should be silent");
}

void peer_set_data(uint8_t packet[PEER_PACKET], uint64_t data)
{
    for (unsigned i = 0; i < 8; i++) {
        packet[24 + i] = (uint8_t)(data >> (8 * i));
    }
}

/* Bit 30 of word 0. */
void peer_set_error(uint8_t packet[PEER_PACKET])
{
    packet[3] |= 0x40;
}

void peer_answer(struct peer *peer, uint8_t packet[PEER_PACKET], uint64_t data)
{
    peer_set_data(packet, data);
    peer_send(peer, packet, PEER_PACKET);
}
