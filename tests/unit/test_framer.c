/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "framer.h"
#include "tap.h"
#include "vector.h"

#include <string.h>

#define STREAM_BLOCKS 600

/* Vectors one after the other, with a packet of n = 255 in the middle. */
static uint8_t stream[STREAM_BLOCKS * VMMIO_BLOCK];
static size_t stream_len;
static size_t packet_start[64];
static size_t packet_count;

static void append(const void *bytes, size_t len)
{
    ck_assert_uint_le(stream_len + len, sizeof(stream));
    packet_start[packet_count++] = stream_len;
    memcpy(stream + stream_len, bytes, len);
    stream_len += len;
}

static void append_vector(const char *name)
{
    struct vector vector;

    vector_load(name, &vector);
    append(vector.bytes, vector.len);
}

/* A PING as long as a packet can be, its further blocks full of what looks like long packets. */
static void append_longest(void)
{
    static uint8_t packet[VMMIO_PACKET_MAX];

    memset(packet, 0xff, sizeof(packet));
    memset(packet, 0, VMMIO_BLOCK);
    packet[1] = 255;
    append(packet, sizeof(packet));
}

static void build_stream(void)
{
    stream_len = 0;
    packet_count = 0;
    append_vector("read-1");
    append_vector("long-ping");
    append_vector("writea-8");
    append_longest();
    append_vector("reset");
    append_vector("irq-raise");
    append_longest();
    append_vector("ping");
}

/* Feed the stream in pieces of at most `piece` bytes; every packet must come out, in order. */
static void feed(struct vmmio_framer *framer, size_t piece)
{
    size_t pos = 0, packets = 0;

    while (pos < stream_len) {
        size_t end = pos + piece < stream_len ? pos + piece : stream_len;

        while (pos < end) {
            bool complete;
            size_t used = vmmio_framer_push(framer, stream + pos, end - pos, &complete);

            ck_assert_uint_gt(used, 0);
            ck_assert_uint_le(used, end - pos);
            pos += used;
            ck_assert_int_eq(complete, vmmio_framer_at_boundary(framer));
            if (complete) {
                ck_assert_uint_lt(packets, packet_count);
                ck_assert_mem_eq(framer->block, stream + packet_start[packets], VMMIO_BLOCK);
                packets++;
                ck_assert_uint_eq(pos, packets < packet_count ? packet_start[packets] : stream_len);
            }
        }
    }
    ck_assert_uint_eq(packets, packet_count);
}

START_TEST(pieces_of_every_length)
{
    struct vmmio_framer framer;

    vmmio_framer_init(&framer);
    for (size_t piece = 1; piece <= VMMIO_BLOCK + 1; piece++) {
        feed(&framer, piece);
    }
}
END_TEST

START_TEST(everything_in_one_push)
{
    struct vmmio_framer framer;

    vmmio_framer_init(&framer);
    feed(&framer, stream_len);
}
END_TEST

START_TEST(one_cut_at_every_byte)
{
    struct vector vector;

    vector_load("long-ping", &vector);
    for (size_t cut = 1; cut < vector.len; cut++) {
        struct vmmio_framer framer;
        bool complete;

        vmmio_framer_init(&framer);
        ck_assert_uint_eq(vmmio_framer_push(&framer, vector.bytes, cut, &complete), cut);
        ck_assert(!complete);
        ck_assert(!vmmio_framer_at_boundary(&framer));
        ck_assert_uint_eq(vmmio_framer_push(&framer, vector.bytes + cut, vector.len - cut,
                                            &complete), vector.len - cut);
        ck_assert(complete);
        ck_assert_mem_eq(framer.block, vector.bytes, VMMIO_BLOCK);
    }
}
END_TEST

START_TEST(an_empty_push_changes_nothing)
{
    struct vmmio_framer framer;
    bool complete = true;

    vmmio_framer_init(&framer);
    ck_assert(vmmio_framer_at_boundary(&framer));
    ck_assert_uint_eq(vmmio_framer_push(&framer, stream, 0, &complete), 0);
    ck_assert(!complete);
    ck_assert_uint_eq(vmmio_framer_push(&framer, stream, 10, &complete), 10);
    ck_assert_uint_eq(vmmio_framer_push(&framer, stream, 0, &complete), 0);
    ck_assert(!complete);
    ck_assert(!vmmio_framer_at_boundary(&framer));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("framer");
    TCase *tcase = tcase_create("framer");

    tcase_add_checked_fixture(tcase, build_stream, NULL);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, pieces_of_every_length);
    tcase_add_test(tcase, everything_in_one_push);
    tcase_add_test(tcase, one_cut_at_every_byte);
    tcase_add_test(tcase, an_empty_push_changes_nothing);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
