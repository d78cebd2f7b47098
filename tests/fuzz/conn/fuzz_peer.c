/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "fuzz_peer.h"

/* Opcodes of what a client may send and of some that it may not. */
static const uint8_t client_opcodes[] = {
    VMMIO_OP_RGN_CLAIM, VMMIO_OP_IRQ_UPDATE, VMMIO_OP_READ, VMMIO_OP_WRITEA,
    VMMIO_OP_PING, VMMIO_OP_RESET, VMMIO_OP_WRITE, 0x42,
};

static uint8_t packet_memory[FUZZ_PACKETS_MAX + 1][VMMIO_BLOCK];

void fuzz_peer_open(struct fuzz_peer *peer, int fd)
{
    memset(peer, 0, sizeof(*peer));
    peer->fd = fd;
    peer->packets = packet_memory;
}

void fuzz_peer_close(struct fuzz_peer *peer)
{
    if (peer->fd >= 0) {
        close(peer->fd);
        peer->fd = -1;
    }
}

/* Note one byte that is on its way: the first block of each packet is kept. */
static void note_byte(struct fuzz_peer *peer, uint8_t byte)
{
    uint8_t *block = peer->packets[peer->n_packets];

    if (peer->have < VMMIO_BLOCK) {
        block[peer->have] = byte;
    }
    peer->have++;
    if (peer->have >= VMMIO_BLOCK && peer->have == VMMIO_BLOCK * (block[1] + 1u)) {
        peer->n_packets++;
        peer->have = 0;
    }
}

/* What the socket has no room for is not sent: the client is cut off there. */
static void send_bytes(struct fuzz_peer *peer, const uint8_t *bytes, size_t len)
{
    size_t room = (FUZZ_PACKETS_MAX - peer->n_packets) * VMMIO_BLOCK;
    ssize_t n;

    if (peer->fd < 0 || peer->shut) {
        return;
    }
    n = send(peer->fd, bytes, MIN(len, room), MSG_NOSIGNAL | MSG_DONTWAIT);
    for (ssize_t i = 0; i < n; i++) {
        note_byte(peer, bytes[i]);
    }
}

static void send_packet(struct fuzz_peer *peer, const struct vmmio_packet *packet)
{
    uint8_t block[VMMIO_BLOCK];

    vmmio_encode(packet, block);
    send_bytes(peer, block, sizeof(block));
}

/* The tag of a request that came, mostly a late one; or one that is yet to come, perhaps. */
static uint32_t choose_tag(const struct fuzz_peer *peer, uint8_t choice)
{
    uint32_t newest = peer->tags[(peer->n_requests - 1) % FUZZ_TAGS];

    return choice < 0xf0 ? peer->tags[(peer->n_requests - 1 - choice) % FUZZ_TAGS]
                         : newest + choice - 0xef;
}

static void send_reply(struct fuzz_peer *peer, struct fuzz_script *script)
{
    uint32_t tag = choose_tag(peer, fuzz_byte(script));
    uint8_t data = fuzz_byte(script);
    struct vmmio_packet packet = {
        .tag = tag,
        .opcode = data & 1 ? VMMIO_OP_READ : VMMIO_OP_WRITEA,
        .error = data & 2,
        .data = { data },
    };

    send_packet(peer, &packet);
}

static void send_own(struct fuzz_peer *peer, struct fuzz_script *script)
{
    uint8_t kind = fuzz_byte(script);
    struct vmmio_packet packet = {
        .from_client = !(kind & 0x80),
        .opcode = client_opcodes[kind % ARRAY_SIZE(client_opcodes)],
        .iface = fuzz_byte(script),
        .size = kind >> 3 & 0xf,
        .tag = (uint32_t)peer->n_packets,
    };

    send_packet(peer, &packet);
}

/* The first part of a long packet, or all of it. */
static void send_long(struct fuzz_peer *peer, struct fuzz_script *script)
{
    uint8_t n = fuzz_byte(script);
    size_t len = VMMIO_BLOCK * (n + 1u);
    g_autofree uint8_t *bytes = g_malloc0(len);

    bytes[1] = n;
    send_bytes(peer, bytes, len - fuzz_byte(script) % VMMIO_BLOCK);
}

static void send_raw(struct fuzz_peer *peer, struct fuzz_script *script)
{
    const uint8_t *bytes;
    size_t len = fuzz_bytes(script, fuzz_byte(script), &bytes);

    send_bytes(peer, bytes, len);
}

/* DMA requests, as many as a client may have outstanding and more. */
static void send_flood(struct fuzz_peer *peer, struct fuzz_script *script)
{
    unsigned count = fuzz_count(script, 1100);

    for (unsigned i = 0; i < count; i++) {
        struct vmmio_packet packet = {
            .from_client = true, .opcode = VMMIO_OP_READ, .tag = (uint32_t)peer->n_packets,
        };

        send_packet(peer, &packet);
    }
}

static void shut_half(struct fuzz_peer *peer)
{
    if (peer->fd >= 0) {
        shutdown(peer->fd, SHUT_WR);
        peer->shut = true;
    }
}

void fuzz_peer_step(struct fuzz_peer *peer, struct fuzz_script *script)
{
    fuzz_peer_read(peer);
    switch (fuzz_byte(script) % 16) {
    case 0 ... 6:
        send_reply(peer, script);
        break;
    case 7 ... 9:
        send_own(peer, script);
        break;
    case 10:
        send_long(peer, script);
        break;
    case 11:
        send_raw(peer, script);
        break;
    case 12:
        send_flood(peer, script);
        break;
    case 13:
        peer->lazy = fuzz_byte(script) & 1;
        break;
    case 14:
        shut_half(peer);
        break;
    case 15:
        fuzz_peer_close(peer);
        break;
    }
}

static bool is_dma(const struct vmmio_packet *packet)
{
    return packet->from_client && packet->extra_blocks == 0 &&
           (packet->opcode == VMMIO_OP_READ || packet->opcode == VMMIO_OP_WRITEA);
}

/* DMA requests are answered once each, in the order in which they were sent. */
static void check_dma_reply(struct fuzz_peer *peer, const struct vmmio_packet *reply)
{
    struct vmmio_packet request;

    do {
        g_assert_cmpuint(peer->n_dma_answered, <, peer->n_packets);
        vmmio_decode(peer->packets[peer->n_dma_answered++], &request);
    } while (!is_dma(&request));
    g_assert_cmpuint(reply->tag, ==, request.tag);
    g_assert_true(reply->error);
}

/* Requests are numbered in the order of the wire, and no posted write overtakes or is lost. */
static void check_packet(struct fuzz_peer *peer, const uint8_t *block)
{
    struct vmmio_packet p;

    vmmio_decode(block, &p);
    g_assert_cmpuint(p.extra_blocks, ==, 0);
    if (p.from_client) {
        check_dma_reply(peer, &p);
    } else if (p.opcode == VMMIO_OP_WRITE) {
        g_assert_cmpuint(p.addr, ==, peer->posted);
        peer->posted++;
    } else if (p.opcode == VMMIO_OP_READ) {
        if (peer->n_requests > 0) {
            g_assert_cmpuint(p.tag, >, peer->tags[(peer->n_requests - 1) % FUZZ_TAGS]);
        }
        peer->tags[peer->n_requests++ % FUZZ_TAGS] = p.tag;
        /* A request says how many posted writes are before it, at least. */
        g_assert_cmpuint(p.addr, <=, peer->posted);
    } else {
        g_assert_cmpuint(p.opcode, ==, VMMIO_OP_RESET);
    }
}

static void take_bytes(struct fuzz_peer *peer, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        peer->partial[peer->partial_len++] = bytes[i];
        if (peer->partial_len == VMMIO_BLOCK) {
            peer->partial_len = 0;
            check_packet(peer, peer->partial);
        }
    }
}

void fuzz_peer_read(struct fuzz_peer *peer)
{
    uint8_t bytes[16384];
    ssize_t n;

    while (peer->fd >= 0 && !peer->lazy &&
           (n = recv(peer->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        take_bytes(peer, bytes, (size_t)n);
    }
}

const uint8_t *fuzz_peer_sent(const struct fuzz_peer *peer, size_t index)
{
    g_assert_cmpuint(index, <, peer->n_packets);
    return peer->packets[index];
}

bool fuzz_peer_sent_reply(const struct fuzz_peer *peer, size_t index, uint32_t *tag)
{
    struct vmmio_packet p;

    vmmio_decode(fuzz_peer_sent(peer, index), &p);
    *tag = p.tag;
    return !p.from_client && p.extra_blocks == 0 && p.opcode != VMMIO_OP_PING;
}
