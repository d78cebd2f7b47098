/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client at the other end of the connection that is fuzzed: does what the
 * script says, right or wrong, and checks every packet that the VM sends. It
 * keeps what it has sent, cut into packets by arithmetic of its own, so that
 * the model can tell what the VM must have made of it. One thread; a check
 * that fails ends the process with a message.
 */
#ifndef FUZZ_PEER_H
#define FUZZ_PEER_H

#include "fuzz_script.h"
#include "wire.h"

/* Packets that one run can send; what would come after them stays unsent. */
#define FUZZ_PACKETS_MAX 4096

/* Requests that a reply can go to: the last that came. A power of two. */
#define FUZZ_TAGS 64u

struct fuzz_peer {
    int fd;        /* -1: closed */
    bool lazy;     /* leaves what the VM sends unread */
    bool shut;     /* sends no more */

    /* what it has sent: first blocks of whole packets, and the one in progress */
    uint8_t (*packets)[VMMIO_BLOCK]; /* in memory that all runs share */
    size_t n_packets;
    size_t have;
    size_t n_dma_answered; /* index behind the last DMA request that was answered */

    /* what the VM has sent */
    uint8_t partial[VMMIO_BLOCK];
    size_t partial_len;
    uint32_t tags[FUZZ_TAGS]; /* of the last requests: number i is at i % FUZZ_TAGS */
    unsigned n_requests;
    uint64_t posted;   /* posted packets that have come */
};

/* Take over the descriptor, which does not block. */
void fuzz_peer_open(struct fuzz_peer *peer, int fd);

/* One step of the script. */
void fuzz_peer_step(struct fuzz_peer *peer, struct fuzz_script *script);

/* Read and check all that has come. */
void fuzz_peer_read(struct fuzz_peer *peer);

void fuzz_peer_close(struct fuzz_peer *peer);

/* The first block of packet `index` of those sent; it lasts as long as the peer. */
const uint8_t *fuzz_peer_sent(const struct fuzz_peer *peer, size_t index);

/* True when packet `index` of those sent is a short reply; *tag is its tag. */
bool fuzz_peer_sent_reply(const struct fuzz_peer *peer, size_t index, uint32_t *tag);

#endif
