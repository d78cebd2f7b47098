/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the bench's programs share: a stream socket with a way to wait on it, a clock, a CPU.
 * These programs have nobody to report to but their user: each call ends the process with one
 * line and exit status 1 when it fails. One thread.
 */
#ifndef BENCH_CHANNEL_H
#define BENCH_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct channel {
    int fd;
    bool poll; /* ask the socket again and again instead of sleeping on it */
};

/* True for "poll", false for "block"; another word is an error. */
bool channel_poll_from(const char *word);

/* Connect to "A.B.C.D:PORT" or "unix:PATH", as the device names its endpoint. */
struct channel channel_connect(const char *endpoint, bool poll);

/*
 * The two ends of a connection in this process: "tcp" on loopback, or "unix"; another word is an
 * error. channel_close() both, each in the process that does not use it too.
 */
void channel_pair(const char *kind, bool poll, struct channel ends[2]);
void channel_close(struct channel *channel);

/* Wait for bytes and take up to `room` of them. 0: the other side has closed. */
size_t channel_receive(const struct channel *channel, void *bytes, size_t room);

/* Take exactly `len` bytes. False: the other side has closed. */
bool channel_receive_all(const struct channel *channel, void *bytes, size_t len);

/* Send all of it, waiting for room. */
void channel_send(const struct channel *channel, const void *bytes, size_t len);

/*
 * Send what fits at once and return how much that was, 0: nothing. For a side that must go on
 * reading while the other one does not.
 */
size_t channel_send_some(const struct channel *channel, const void *bytes, size_t len);

/* Sleep until there is something to receive (true) or only room to send (false). */
bool channel_wait_either(const struct channel *channel);

/* Tie this process to a CPU, given by its number. */
void bench_pin(const char *cpu);

/* Of a clock that only goes forward. */
uint64_t bench_now_ns(void);

/* A decimal number above 0; anything else is an error that names `what`. */
unsigned long bench_number(const char *text, const char *what);

#endif
