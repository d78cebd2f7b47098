/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "wire.h"

/* Word 0 */
#define W0_EXTRA_SHIFT 8
#define W0_ERROR (UINT64_C(1) << 30)
#define W0_CLIENT (UINT64_C(1) << 31)
#define W0_TAG_SHIFT 32
/* Word 1 */
#define W1_SIZE_SHIFT 16
#define W1_SIZE_MASK 0x3fu
#define W1_SID_SHIFT 24
#define W1_SID_MASK 0xfu
#define W1_FLAGS_SHIFT 28
#define W1_FLAGS_MASK 0xfu
#define W1_BYTE_ENABLE_SHIFT 32

#define FIRST_DATA_WORD 3

uint64_t vmmio_block_load(const uint8_t block[VMMIO_BLOCK], unsigned index)
{
    const uint8_t *p = block + index * 8;

    /* Written out, compilers turn it into one instruction; a loop they leave alone. */
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

void vmmio_block_store(uint8_t block[VMMIO_BLOCK], unsigned index, uint64_t value)
{
    uint8_t *p = block + index * 8;

    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    p[2] = (uint8_t)(value >> 16);
    p[3] = (uint8_t)(value >> 24);
    p[4] = (uint8_t)(value >> 32);
    p[5] = (uint8_t)(value >> 40);
    p[6] = (uint8_t)(value >> 48);
    p[7] = (uint8_t)(value >> 56);
}

static uint64_t encode_word0(const struct vmmio_packet *packet)
{
    return packet->iface |
           (uint64_t)packet->extra_blocks << W0_EXTRA_SHIFT |
           (packet->error ? W0_ERROR : 0) |
           (packet->from_client ? W0_CLIENT : 0) |
           (uint64_t)packet->tag << W0_TAG_SHIFT;
}

static uint64_t encode_word1(const struct vmmio_packet *packet)
{
    return packet->opcode |
           (uint64_t)(packet->size & W1_SIZE_MASK) << W1_SIZE_SHIFT |
           (uint64_t)(packet->sid & W1_SID_MASK) << W1_SID_SHIFT |
           (uint64_t)(packet->flags & W1_FLAGS_MASK) << W1_FLAGS_SHIFT |
           (uint64_t)packet->byte_enable << W1_BYTE_ENABLE_SHIFT;
}

void vmmio_encode(const struct vmmio_packet *packet, uint8_t block[VMMIO_BLOCK])
{
    vmmio_block_store(block, 0, encode_word0(packet));
    vmmio_block_store(block, 1, encode_word1(packet));
    vmmio_block_store(block, 2, packet->addr);
    for (unsigned i = 0; i < VMMIO_DATA_WORDS; i++) {
        vmmio_block_store(block, FIRST_DATA_WORD + i, packet->data[i]);
    }
}

void vmmio_decode(const uint8_t block[VMMIO_BLOCK], struct vmmio_packet *packet)
{
    uint64_t w0 = vmmio_block_load(block, 0);
    uint64_t w1 = vmmio_block_load(block, 1);

    packet->iface = (uint8_t)w0;
    packet->extra_blocks = (uint8_t)(w0 >> W0_EXTRA_SHIFT);
    packet->error = (w0 & W0_ERROR) != 0;
    packet->from_client = (w0 & W0_CLIENT) != 0;
    packet->tag = (uint32_t)(w0 >> W0_TAG_SHIFT);
    packet->opcode = (uint8_t)w1;
    packet->size = (w1 >> W1_SIZE_SHIFT) & W1_SIZE_MASK;
    packet->sid = (w1 >> W1_SID_SHIFT) & W1_SID_MASK;
    packet->flags = (w1 >> W1_FLAGS_SHIFT) & W1_FLAGS_MASK;
    packet->byte_enable = (uint32_t)(w1 >> W1_BYTE_ENABLE_SHIFT);
    packet->addr = vmmio_block_load(block, 2);
    for (unsigned i = 0; i < VMMIO_DATA_WORDS; i++) {
        packet->data[i] = vmmio_block_load(block, FIRST_DATA_WORD + i);
    }
}

void vmmio_block_make_reply(uint8_t block[VMMIO_BLOCK], bool error)
{
    uint64_t w0 = vmmio_block_load(block, 0);

    w0 &= ~(UINT64_C(0xff) << W0_EXTRA_SHIFT);
    w0 = error ? w0 | W0_ERROR : w0 & ~W0_ERROR;
    vmmio_block_store(block, 0, w0);
}

/* Bytes from `first_word` to the end of the block. */
static size_t data_room(unsigned first_word)
{
    return first_word * 8 < VMMIO_BLOCK ? VMMIO_BLOCK - first_word * 8 : 0;
}

void vmmio_block_load_data(const uint8_t block[VMMIO_BLOCK], unsigned first_word,
                           void *bytes, size_t len)
{
    uint8_t *out = bytes;
    size_t room = data_room(first_word);

    for (size_t i = 0; i < len; i++) {
        out[i] = i < room ? block[first_word * 8 + i] : 0;
    }
}

void vmmio_block_store_data(uint8_t block[VMMIO_BLOCK], unsigned first_word,
                            const void *bytes, size_t len)
{
    const uint8_t *in = bytes;
    size_t room = data_room(first_word);
    size_t padded = (len + 7) / 8 * 8;

    for (size_t i = 0; i < padded && i < room; i++) {
        block[first_word * 8 + i] = i < len ? in[i] : 0;
    }
}

uint32_t vmmio_byte_enable_mask(unsigned size)
{
    return size >= 32 ? UINT32_MAX : (UINT32_C(1) << size) - 1;
}

const char *vmmio_opcode_name(uint8_t opcode)
{
    switch (opcode) {
    case VMMIO_OP_PING:       return "PING";
    case VMMIO_OP_READ:       return "READ";
    case VMMIO_OP_WRITE:      return "WRITE";
    case VMMIO_OP_READP:      return "READP";
    case VMMIO_OP_WRITEP:     return "WRITEP";
    case VMMIO_OP_WRITEA:     return "WRITEA";
    case VMMIO_OP_WRITEAP:    return "WRITEAP";
    case VMMIO_OP_IRQ_UPDATE: return "IRQ_UPDATE";
    case VMMIO_OP_RGN_CLAIM:  return "RGN_CLAIM";
    case VMMIO_OP_RESET:      return "RESET";
    default:                  return "UNKNOWN";
    }
}
