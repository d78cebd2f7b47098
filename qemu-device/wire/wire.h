/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Codec of the vMMIO socket protocol: one 64-byte block <-> one struct.
 *
 * The facts are those of docs/protocol.md. The code does no I/O, allocates
 * nothing and needs only the freestanding headers, so the QEMU device, the
 * client library, the tests and the fuzzers all build from this one copy.
 * Every function is pure or touches only its arguments: safe from any thread.
 */
#ifndef VMMIO_WIRE_H
#define VMMIO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes in one block. A packet is VMMIO_BLOCK x (n + 1) bytes, n = 0..255. */
#define VMMIO_BLOCK 64u
#define VMMIO_PACKET_MAX (VMMIO_BLOCK * 256u)

/* Ranges on one endpoint, and interrupt lines of one range, that a client can name. */
#define VMMIO_RANGES_MAX 8u
#define VMMIO_IRQS_MAX 8u

/* Requests that a client queues for one range before it stalls all of them. */
#define VMMIO_CLIENT_QUEUE 16u

/* Data words of a block (words 3-7) and the data bytes of one element or DMA request. */
#define VMMIO_DATA_WORDS 5u
#define VMMIO_DATA_BYTES_MAX 32u

/* Every byte of a window that no handler answers for. */
#define VMMIO_FILL_BYTE 0xaau
#define VMMIO_FILL_WORD UINT64_C(0xaaaaaaaaaaaaaaaa)

enum vmmio_opcode {
    VMMIO_OP_PING = 0x00,       /* VM -> client, echoed */
    VMMIO_OP_READ = 0x01,       /* VM -> client; client -> VM for DMA */
    VMMIO_OP_WRITE = 0x02,      /* VM -> client, posted */
    VMMIO_OP_READP = 0x03,      /* VM -> client, pair */
    VMMIO_OP_WRITEP = 0x04,     /* VM -> client, pair, posted */
    VMMIO_OP_WRITEA = 0x05,     /* VM -> client, answered; client -> VM for DMA */
    VMMIO_OP_WRITEAP = 0x06,    /* VM -> client, pair, answered */
    VMMIO_OP_IRQ_UPDATE = 0x41, /* client -> VM, word 2 = line, word 3 = level */
    VMMIO_OP_RGN_CLAIM = 0xf0,  /* client -> VM */
    VMMIO_OP_RESET = 0xff,      /* VM -> client */
};

/* Access flags: bits 31:28 of word 1. */
enum vmmio_flag {
    VMMIO_FLAG_IFETCH = 2,
    VMMIO_FLAG_PRIV = 4,
    VMMIO_FLAG_SECURE = 8,
};

/* The first block of a packet, decoded. */
struct vmmio_packet {
    uint8_t iface;        /* range number; for DMA the IOMMU id (mid) */
    uint8_t extra_blocks; /* n: further 64-byte blocks that follow */
    bool error;           /* the request failed; set only in replies */
    bool from_client;     /* a client originated this exchange */
    uint32_t tag;         /* chosen by the originator, echoed */
    uint8_t opcode;       /* enum vmmio_opcode, or a value this page does not know */
    uint8_t size;         /* bytes of one element, 0-63 */
    uint8_t sid;          /* DMA region id, 0-15 */
    uint8_t flags;        /* enum vmmio_flag, 0-15 */
    uint32_t byte_enable; /* one bit for each byte written */
    uint64_t addr;        /* guest-physical address; line number of an IRQ update */
    uint64_t data[VMMIO_DATA_WORDS];
};

/* Load or store 64-bit little-endian word `index` (0-7) of a block. */
uint64_t vmmio_block_load(const uint8_t block[VMMIO_BLOCK], unsigned index);
void vmmio_block_store(uint8_t block[VMMIO_BLOCK], unsigned index, uint64_t value);

/* Encode *packet. Fields wider than their place on the wire are cut to it; reserved bits are 0. */
void vmmio_encode(const struct vmmio_packet *packet, uint8_t block[VMMIO_BLOCK]);

/* Decode a block. Never fails: every bit pattern has a meaning, judged by the caller. */
void vmmio_decode(const uint8_t block[VMMIO_BLOCK], struct vmmio_packet *packet);

/*
 * Turn a request into its reply in place: n becomes 0 and the error bit becomes
 * `error`. All other bits stay, reserved ones too; the caller stores the data words.
 */
void vmmio_block_make_reply(uint8_t block[VMMIO_BLOCK], bool error);

/*
 * Copy `len` bytes (0-40) from or to the data words, first byte lowest.
 * The store clears the rest of the last word that it touches and no other.
 */
void vmmio_block_load_data(const uint8_t block[VMMIO_BLOCK], unsigned first_word,
                           void *bytes, size_t len);
void vmmio_block_store_data(uint8_t block[VMMIO_BLOCK], unsigned first_word,
                            const void *bytes, size_t len);

/* Word at which the second element of a pair of `size`-byte elements starts. */
static inline unsigned vmmio_pair_second_word(unsigned size)
{
    return 4 + size / 8;
}

/* Mask with a bit for each of `size` bytes (0-32): the byte enables of a write. */
uint32_t vmmio_byte_enable_mask(unsigned size);

/* The protocol's name of an opcode, "UNKNOWN" for any other value. Static storage. */
const char *vmmio_opcode_name(uint8_t opcode);

#endif
