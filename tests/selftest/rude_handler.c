/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rude-handler WHAT ENDPOINT: sends one packet that a handler must not send, or what is none, and claims
 * range 0 behind what allows it, or before it. Then it answers nothing, until it is ended. The packets are
 * by hand, after docs/protocol.md.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PACKET = 64 };

/* Range 0, bit 31, opcode 0xf0. */
static const uint8_t claim[PACKET] = {0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0xf0};

static const struct {
    const char *what;
    int alone; /* nothing is sent behind it */
    size_t size;
    uint8_t bytes[2 * PACKET];
} packets[] = {
    /* Bit 31, opcode 0x99. */
    {"unknown-opcode", 0, PACKET, {0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x99}},
    /* n is 1: a block more than a client may send. */
    {"long-packet", 0, 2 * PACKET, {0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0xf0}},
    /* The reply to a READ with the tag 0x1234, which was never sent. */
    {"unsolicited", 0, PACKET, {0x00, 0x00, 0x00, 0x00, 0x34, 0x12, 0x00, 0x00, 0x01, 0x00, 0x04}},
    {"text", 1, 6, "hello\n"},
    /* A claim, and three bytes of what could be a packet: who sees the claim has got them. */
    {"half", 1, PACKET + 3, {0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0xf0}},
    /* A claim of range 5. */
    {"wrong-range", 1, PACKET, {0x05, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0xf0}},
};

static int dial(char *endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char *colon = strrchr(endpoint, ':');
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (colon == NULL) {
        return -1;
    }
    *colon = '\0';
    address.sin_port = htons((uint16_t)atoi(colon + 1));
    return inet_pton(AF_INET, endpoint, &address.sin_addr) == 1 &&
           connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

/* The rude packet is before the claim: whoever sees the claim will find it counted. */
static int misbehave(int fd, const char *what)
{
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        if (strcmp(packets[i].what, what) == 0) {
            return write(fd, packets[i].bytes, packets[i].size) == (ssize_t)packets[i].size &&
                   (packets[i].alone || write(fd, claim, PACKET) == PACKET);
        }
    }
    return 0;
}

/* Whatever is asked meanwhile stays without an answer. */
static void await_close(int fd)
{
    uint8_t bytes[PACKET];

    while (read(fd, bytes, sizeof(bytes)) > 0) {
        continue;
    }
}

int main(int argc, char **argv)
{
    int fd = argc == 3 ? dial(argv[2]) : -1;

    if (fd < 0 || !misbehave(fd, argv[1])) {
        fprintf(stderr, "usage: rude-handler WHAT HOST:PORT\n");
        return 1;
    }
    await_close(fd);
    puts("closed");
    fflush(stdout);
    for (;;) {
        pause();
    }
}
