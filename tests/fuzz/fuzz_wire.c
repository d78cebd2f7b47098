/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target for the codec and the framer. The input's first byte decides
 * how the rest, a byte stream, is cut into pieces; whatever the pieces, the
 * packets that come out are those that simple arithmetic finds in the stream.
 */
#include "framer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

/* Bits of words 0 and 1 that the protocol gives a meaning; the other words are whole fields. */
#define WORD0_KNOWN UINT64_C(0xffffffffc000ffff)
#define WORD1_KNOWN UINT64_C(0xffffffffff3f00ff)

/* The address sanitizer watches both ends of a copy that has the exact size. */
static uint8_t *exact_copy(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    assert(copy);
    memcpy(copy, bytes, len);
    return copy;
}

static void check_codec(const uint8_t *block)
{
    uint8_t again[VMMIO_BLOCK], known[VMMIO_BLOCK];
    struct vmmio_packet packet, decoded;

    memset(&packet, 0, sizeof(packet));
    memset(&decoded, 0, sizeof(decoded));
    memcpy(known, block, sizeof(known));
    vmmio_block_store(known, 0, vmmio_block_load(block, 0) & WORD0_KNOWN);
    vmmio_block_store(known, 1, vmmio_block_load(block, 1) & WORD1_KNOWN);
    vmmio_decode(block, &packet);
    vmmio_encode(&packet, again);
    assert(memcmp(again, known, sizeof(known)) == 0);
    vmmio_decode(again, &decoded);
    assert(memcmp(&decoded, &packet, sizeof(packet)) == 0);
    assert(vmmio_opcode_name(packet.opcode)[0] != '\0');
    assert(__builtin_popcount(vmmio_byte_enable_mask(packet.size)) ==
           (packet.size < 32 ? packet.size : 32));
}

static void check_reply(const uint8_t *block)
{
    bool error = block[8] & 1;
    uint8_t *reply = exact_copy(block, VMMIO_BLOCK);

    vmmio_block_make_reply(reply, error);
    assert(reply[1] == 0);
    assert((reply[3] & 0x40) == (error ? 0x40 : 0));
    reply[1] = block[1];
    reply[3] = (uint8_t)((reply[3] & ~0x40) | (block[3] & 0x40));
    assert(memcmp(reply, block, VMMIO_BLOCK) == 0);
    free(reply);
}

/* Data of 0-40 bytes at word 3-8, both as the block says: it may reach over the block's end. */
static void check_data(const uint8_t *block)
{
    unsigned first = 3 + block[9] % 6;
    size_t len = block[10] % 41, start = first * 8u;
    size_t room = start < VMMIO_BLOCK ? VMMIO_BLOCK - start : 0;
    uint8_t *bytes = exact_copy(block, len);
    uint8_t *changed = exact_copy(block, VMMIO_BLOCK);

    vmmio_block_load_data(block, first, bytes, len);
    for (size_t i = 0; i < len; i++) {
        assert(bytes[i] == (i < room ? block[start + i] : 0));
        bytes[i] ^= 0x5a;
    }
    vmmio_block_store_data(changed, first, bytes, len);
    for (size_t i = 0; i < VMMIO_BLOCK; i++) {
        size_t at = i - start;

        if (i < start || at >= (len + 7) / 8 * 8) {
            assert(changed[i] == block[i]);
        } else {
            assert(changed[i] == (at < len ? bytes[at] : 0));
        }
    }
    free(changed);
    free(bytes);
}

/* Length of the packet whose first `len` bytes these are; 64 when that is not known yet. */
static size_t packet_length(const uint8_t *packet, size_t len)
{
    return len < VMMIO_BLOCK ? VMMIO_BLOCK : VMMIO_BLOCK * (packet[1] + 1u);
}

struct stream {
    const uint8_t *bytes;
    size_t len;
    size_t pos;          /* bytes that the framer has taken */
    size_t packet_start; /* of the packet in progress */
    struct vmmio_framer framer;
};

/* Give the framer a piece of the stream, again and again until it has taken all of it. */
static void feed(struct stream *s, size_t piece)
{
    uint8_t *copy = exact_copy(s->bytes + s->pos, piece);

    for (size_t done = 0; done < piece;) {
        bool complete;
        size_t used = vmmio_framer_push(&s->framer, copy + done, piece - done, &complete);
        size_t have, total;

        assert(used > 0 && used <= piece - done);
        done += used;
        s->pos += used;
        have = s->pos - s->packet_start;
        total = packet_length(s->bytes + s->packet_start, have);
        assert(have <= total);
        assert(complete == (have == total));
        assert(vmmio_framer_at_boundary(&s->framer) == complete);
        if (complete) {
            assert(memcmp(s->framer.block, s->bytes + s->packet_start, VMMIO_BLOCK) == 0);
            check_codec(s->framer.block);
            check_reply(s->framer.block);
            check_data(s->framer.block);
            s->packet_start = s->pos;
        }
    }
    free(copy);
}

/* Mostly pieces of the order of a packet, some of the order of the longest one. */
static size_t next_piece(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return 1 + (*random >> 16) % (*random >> 28 ? 2 * VMMIO_BLOCK : 2 * VMMIO_PACKET_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct stream s = { .bytes = input };
    uint32_t random;

    if (size == 0) {
        return 0;
    }
    random = input[0];
    s.bytes++;
    s.len = size - 1;
    vmmio_framer_init(&s.framer);
    while (s.pos < s.len) {
        size_t piece = next_piece(&random);

        feed(&s, piece < s.len - s.pos ? piece : s.len - s.pos);
    }
    return 0;
}
