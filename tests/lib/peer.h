/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vMMIO client as plain bytes: it sends what a test wrote by hand and
 * compares what comes with what a test wrote by hand, and knows no packet.
 *
 * Packets are text: hex bytes in the order of the wire, separated by blanks;
 * bytes that are missing at the end of the 64 are zero. In what is expected,
 * ".." stands for any byte. A step that does not succeed within PEER_SECONDS
 * fails the running Check test. One thread.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PEER_SECONDS 30
#define PEER_PACKET 64

struct peer;

/*
 * How bytes go over the connection; like send(), recv() and close(), but send
 * and recv never wait: -1 with errno EAGAIN when nothing can be moved now.
 */
struct peer_transport {
    ssize_t (*send)(struct peer *peer, const void *bytes, size_t len);
    ssize_t (*recv)(struct peer *peer, void *bytes, size_t len);
    void (*close)(struct peer *peer);
};

struct peer {
    int fd;
    const struct peer_transport *transport; /* plain bytes, or that of tls_peer.h */
    void *session;                          /* the transport's */
};

/* Wait until the socket is ready for one of the poll() events. */
bool peer_wait(const struct peer *peer, short events, int milliseconds);

/* Connect to "HOST:PORT", "[v6]:PORT" or "unix:PATH"; the host is a number. */
void peer_connect(struct peer *peer, const char *endpoint);
void peer_close(struct peer *peer);

/* The packet that the text stands for; it may not contain "..". */
void peer_parse(const char *text, uint8_t packet[PEER_PACKET]);

/* Send all the bytes, or one packet. */
void peer_send(struct peer *peer, const void *bytes, size_t len);
void peer_send_text(struct peer *peer, const char *text);

/* Send packets until the other side closes the connection; at most `max` of them. No TLS. */
void peer_send_until_closed(struct peer *peer, const char *text, unsigned max);

/* Wait until the device has read all bytes that came to its socket. TCP over IPv4 only. */
void peer_await_received(const struct peer *peer);

/* Receive one packet, of whatever bytes. */
void peer_receive(struct peer *peer, uint8_t packet[PEER_PACKET]);

/* The next packet must be this one. It is stored in `packet` unless that is NULL. */
void peer_expect(struct peer *peer, const char *text, uint8_t packet[PEER_PACKET]);

/* Nothing more comes and the connection closes. */
void peer_expect_closed(struct peer *peer);

/* Nothing comes over the socket for that long. */
void peer_expect_silence(struct peer *peer, int milliseconds);

/* Change a request into a reply that carries this data word (word 3), and send it. */
void peer_answer(struct peer *peer, uint8_t packet[PEER_PACKET], uint64_t data);

/* Put the data word (word 3) into a packet, or set its error bit. */
void peer_set_data(uint8_t packet[PEER_PACKET], uint64_t data);
void peer_set_error(uint8_t packet[PEER_PACKET]);

#endif
