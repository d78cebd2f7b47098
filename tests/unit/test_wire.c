/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tap.h"
#include "vector.h"
#include "wire.h"

#include <string.h>

static struct vector *vectors;
static size_t vector_count;

static void load(void)
{
    vector_count = vector_load_all(&vectors);
}

static void unload(void)
{
    free(vectors);
}

#define ck_assert_field(packet, vector, key)                                                   \
    ck_assert_msg((packet).key == vector_field(vector, #key),                                  \
                  "%s: " #key " is 0x%llx, expected 0x%llx", (vector)->name,                   \
                  (unsigned long long)(packet).key,                                            \
                  (unsigned long long)vector_field(vector, #key))

START_TEST(decode_gives_the_fields_of_every_vector)
{
    for (size_t i = 0; i < vector_count; i++) {
        const struct vector *vector = &vectors[i];
        struct vmmio_packet packet;

        vmmio_decode(vector->bytes, &packet);
        ck_assert_field(packet, vector, iface);
        ck_assert_field(packet, vector, extra_blocks);
        ck_assert_field(packet, vector, error);
        ck_assert_field(packet, vector, from_client);
        ck_assert_field(packet, vector, tag);
        ck_assert_field(packet, vector, opcode);
        ck_assert_field(packet, vector, size);
        ck_assert_field(packet, vector, sid);
        ck_assert_field(packet, vector, flags);
        ck_assert_field(packet, vector, byte_enable);
        ck_assert_field(packet, vector, addr);
        ck_assert_uint_eq(packet.data[0], vector_field(vector, "data0"));
        ck_assert_uint_eq(packet.data[1], vector_field(vector, "data1"));
        ck_assert_uint_eq(packet.data[2], vector_field(vector, "data2"));
        ck_assert_uint_eq(packet.data[3], vector_field(vector, "data3"));
        ck_assert_uint_eq(packet.data[4], vector_field(vector, "data4"));
    }
}
END_TEST

static void packet_of(const struct vector *vector, struct vmmio_packet *packet)
{
    static const char *const data[] = { "data0", "data1", "data2", "data3", "data4" };

    packet->iface = (uint8_t)vector_field(vector, "iface");
    packet->extra_blocks = (uint8_t)vector_field(vector, "extra_blocks");
    packet->error = vector_field(vector, "error") != 0;
    packet->from_client = vector_field(vector, "from_client") != 0;
    packet->tag = (uint32_t)vector_field(vector, "tag");
    packet->opcode = (uint8_t)vector_field(vector, "opcode");
    packet->size = (uint8_t)vector_field(vector, "size");
    packet->sid = (uint8_t)vector_field(vector, "sid");
    packet->flags = (uint8_t)vector_field(vector, "flags");
    packet->byte_enable = (uint32_t)vector_field(vector, "byte_enable");
    packet->addr = vector_field(vector, "addr");
    for (unsigned i = 0; i < VMMIO_DATA_WORDS; i++) {
        packet->data[i] = vector_field(vector, data[i]);
    }
}

START_TEST(encode_gives_the_bytes_of_every_vector)
{
    size_t compared = 0;

    for (size_t i = 0; i < vector_count; i++) {
        struct vmmio_packet packet;
        uint8_t block[VMMIO_BLOCK];

        if (vectors[i].reserved) {
            continue;
        }
        packet_of(&vectors[i], &packet);
        memset(block, 0xee, sizeof(block));
        vmmio_encode(&packet, block);
        ck_assert_msg(memcmp(block, vectors[i].bytes, VMMIO_BLOCK) == 0, "%s", vectors[i].name);
        compared++;
    }
    ck_assert_uint_gt(compared, 0);
}
END_TEST

START_TEST(vectors_cover_every_opcode)
{
    static const uint8_t opcodes[] = {
        VMMIO_OP_PING,   VMMIO_OP_READ,    VMMIO_OP_WRITE,      VMMIO_OP_READP,     VMMIO_OP_WRITEP,
        VMMIO_OP_WRITEA, VMMIO_OP_WRITEAP, VMMIO_OP_IRQ_UPDATE, VMMIO_OP_RGN_CLAIM, VMMIO_OP_RESET,
    };

    for (size_t i = 0; i < sizeof(opcodes); i++) {
        size_t found = 0;

        for (size_t j = 0; j < vector_count; j++) {
            found += vector_field(&vectors[j], "opcode") == opcodes[i];
        }
        ck_assert_msg(found > 0, "no vector for %s", vmmio_opcode_name(opcodes[i]));
    }
}
END_TEST

static const struct vector *vector_named(const char *name)
{
    for (size_t i = 0; i < vector_count; i++) {
        if (strcmp(vectors[i].name, name) == 0) {
            return &vectors[i];
        }
    }
    ck_abort_msg("no vector '%s'", name);
}

static void check_reply(const char *request, bool error, const char *expected)
{
    uint8_t block[VMMIO_BLOCK];

    memcpy(block, vector_named(request)->bytes, VMMIO_BLOCK);
    vmmio_block_make_reply(block, error);
    ck_assert_mem_eq(block, vector_named(expected)->bytes, VMMIO_BLOCK);
}

START_TEST(make_reply_changes_n_and_the_error_bit_alone)
{
    check_reply("writea-8", false, "writea-8");
    check_reply("writea-8", true, "writea-8-error");
    check_reply("writea-8-error", false, "writea-8");
    check_reply("dma-writea", true, "dma-writea-error");
    check_reply("long-ping", false, "long-ping-reply");
    check_reply("read-4-reserved", false, "read-4-reserved");
}
END_TEST

START_TEST(encode_cuts_fields_to_their_place)
{
    const struct vmmio_packet packet = { .size = 0xff, .sid = 0xf3, .flags = 0xf8 };
    uint8_t block[VMMIO_BLOCK];

    vmmio_encode(&packet, block);
    /* Bits 21:16 all ones, 23:22 zero, sid 3, flags 8. */
    ck_assert_uint_eq(vmmio_block_load(block, 0), 0);
    ck_assert_uint_eq(vmmio_block_load(block, 1), UINT64_C(0x833f0000));
}
END_TEST

START_TEST(words_are_little_endian)
{
    static const uint8_t bytes[8] = { 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11 };
    uint8_t block[VMMIO_BLOCK] = { 0 };

    vmmio_block_store(block, 6, UINT64_C(0x1122334455667788));
    ck_assert_mem_eq(block + 48, bytes, sizeof(bytes));
    ck_assert_uint_eq(vmmio_block_load(block, 6), UINT64_C(0x1122334455667788));
    ck_assert_uint_eq(vmmio_block_load(block, 5), 0);
    ck_assert_uint_eq(vmmio_block_load(block, 7), 0);
}
END_TEST

START_TEST(store_data_clears_the_rest_of_its_last_word)
{
    static const uint8_t expected[24] = {
        1,    2,    3,    4,    5,    6,    7,    8,    9,    0,    0,    0,
        0,    0,    0,    0,    0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
    };
    static const uint8_t data[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    uint8_t block[VMMIO_BLOCK];

    memset(block, 0xaa, sizeof(block));
    vmmio_block_store_data(block, 3, data, sizeof(data));
    ck_assert_mem_eq(block + 24, expected, sizeof(expected));
}
END_TEST

START_TEST(data_beyond_the_block_is_not_touched)
{
    struct {
        uint8_t block[VMMIO_BLOCK];
        uint8_t guard[32];
    } area;
    uint8_t data[32];

    memset(&area, 0x11, sizeof(area));
    memset(data, 0x22, sizeof(data));
    vmmio_block_store_data(area.block, 7, data, sizeof(data));
    ck_assert_mem_eq(area.block + 56, data, 8);
    for (size_t i = 0; i < sizeof(area.guard); i++) {
        ck_assert_uint_eq(area.guard[i], 0x11);
    }
    vmmio_block_load_data(area.block, 7, data, sizeof(data));
    for (size_t i = 0; i < sizeof(data); i++) {
        ck_assert_uint_eq(data[i], i < 8 ? 0x22 : 0);
    }
}
END_TEST

START_TEST(byte_enable_has_one_bit_a_byte)
{
    ck_assert_uint_eq(vmmio_byte_enable_mask(0), 0);
    ck_assert_uint_eq(vmmio_byte_enable_mask(1), 0x1);
    ck_assert_uint_eq(vmmio_byte_enable_mask(8), 0xff);
    ck_assert_uint_eq(vmmio_byte_enable_mask(31), 0x7fffffff);
    ck_assert_uint_eq(vmmio_byte_enable_mask(32), 0xffffffff);
}
END_TEST

START_TEST(second_element_starts_at_word_4_plus_an_eighth_of_the_size)
{
    ck_assert_uint_eq(vmmio_pair_second_word(1), 4);
    ck_assert_uint_eq(vmmio_pair_second_word(4), 4);
    ck_assert_uint_eq(vmmio_pair_second_word(8), 5);
    ck_assert_uint_eq(vmmio_pair_second_word(16), 6);
}
END_TEST

START_TEST(opcodes_have_names)
{
    ck_assert_str_eq(vmmio_opcode_name(0x00), "PING");
    ck_assert_str_eq(vmmio_opcode_name(0x06), "WRITEAP");
    ck_assert_str_eq(vmmio_opcode_name(0x41), "IRQ_UPDATE");
    ck_assert_str_eq(vmmio_opcode_name(0xf0), "RGN_CLAIM");
    ck_assert_str_eq(vmmio_opcode_name(0xff), "RESET");
    ck_assert_str_eq(vmmio_opcode_name(0x07), "UNKNOWN");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *tcase = tcase_create("wire");

    tcase_add_checked_fixture(tcase, load, unload);
    tcase_add_test(tcase, decode_gives_the_fields_of_every_vector);
    tcase_add_test(tcase, encode_gives_the_bytes_of_every_vector);
    tcase_add_test(tcase, vectors_cover_every_opcode);
    tcase_add_test(tcase, make_reply_changes_n_and_the_error_bit_alone);
    tcase_add_test(tcase, encode_cuts_fields_to_their_place);
    tcase_add_test(tcase, words_are_little_endian);
    tcase_add_test(tcase, store_data_clears_the_rest_of_its_last_word);
    tcase_add_test(tcase, data_beyond_the_block_is_not_touched);
    tcase_add_test(tcase, byte_enable_has_one_bit_a_byte);
    tcase_add_test(tcase, second_element_starts_at_word_4_plus_an_eighth_of_the_size);
    tcase_add_test(tcase, opcodes_have_names);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
