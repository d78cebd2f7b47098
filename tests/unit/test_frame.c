/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame codec of harness and agent, against bytes written by hand. */
#include "frame.h"
#include "tap.h"

#include <string.h>

#define NONCE UINT64_C(0x1122334455667788)

/* PING, id 0x01020304, no payload. The CRCs are zlib's crc32(). */
static const uint8_t ping[] = {
    0x56, 0x42,                                     /* magic */
    0x07, 0x00,                                     /* type, stream */
    0x04, 0x03, 0x02, 0x01,                         /* id */
    0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, /* nonce */
    0x00, 0x00,                                     /* length */
    0x67, 0x5c, 0xf7, 0x63,                         /* CRC-32 */
};

/* OUTPUT, stream 2, id 7, "hi\n". */
static const uint8_t output[] = {
    0x56, 0x42, 0x04, 0x02, 0x07, 0x00, 0x00, 0x00,
    0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
    0x03, 0x00, 'h',  'i',  '\n', 0x30, 0xfa, 0xd9, 0x3b,
};

/* RUN's payload: echo -n with A="b c" in /tmp. */
static const uint8_t run_payload[] = {
    0x02, 0x00, 0x01, 0x00,            /* argc, envc */
    'e', 'c', 'h', 'o', 0, '-', 'n', 0, /* arguments */
    'A', '=', 'b', ' ', 'c', 0,        /* variable */
    '/', 't', 'm', 'p', 0,             /* directory */
};

/* RESUME's payload. */
static const uint8_t resume_payload[] = {
    0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, /* nonce */
    0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, /* clock */
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, /* entropy */
    0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
    0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7,
    0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf,
};

static struct agent_parser parser;
static int pings, outputs;

static void check_frame(const struct agent_frame *frame)
{
    ck_assert_uint_eq(frame->nonce, NONCE);
    if (frame->type == AGENT_PING) {
        ck_assert_uint_eq(frame->id, 0x01020304);
        ck_assert_uint_eq(frame->stream, 0);
        ck_assert_uint_eq(frame->length, 0);
        pings++;
        return;
    }
    ck_assert_uint_eq(frame->type, AGENT_OUTPUT);
    ck_assert_uint_eq(frame->id, 7);
    ck_assert_uint_eq(frame->stream, 2);
    ck_assert_uint_eq(frame->length, 3);
    ck_assert_mem_eq(frame->payload, "hi\n", 3);
    outputs++;
}

static void feed(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    struct agent_frame frame;

    while (len > 0) {
        size_t n = agent_parser_feed(&parser, at, len);

        ck_assert_uint_ge(n, 1);
        at += n;
        len -= n;
        while (agent_parser_next(&parser, &frame)) {
            check_frame(&frame);
        }
    }
}

static void set_up(void)
{
    agent_parser_init(&parser, NONCE);
    pings = outputs = 0;
}

START_TEST(encodes_golden_bytes)
{
    uint8_t out[AGENT_FRAME_SIZE];
    struct agent_frame frame = {.type = AGENT_PING, .id = 0x01020304, .nonce = NONCE};

    ck_assert_uint_eq(agent_frame_encode(&frame, out), sizeof(ping));
    ck_assert_mem_eq(out, ping, sizeof(ping));
    frame = (struct agent_frame){.type = AGENT_OUTPUT, .stream = 2, .id = 7, .nonce = NONCE,
                                 .length = 3, .payload = (const uint8_t *)"hi\n"};
    ck_assert_uint_eq(agent_frame_encode(&frame, out), sizeof(output));
    ck_assert_mem_eq(out, output, sizeof(output));
}
END_TEST

START_TEST(encode_refuses_a_long_payload)
{
    static const uint8_t payload[AGENT_FRAME_PAYLOAD + 1];
    uint8_t out[AGENT_FRAME_SIZE];
    struct agent_frame frame = {.type = AGENT_PING, .nonce = NONCE, .payload = payload,
                                .length = AGENT_FRAME_PAYLOAD};

    ck_assert_uint_eq(agent_frame_encode(&frame, out), AGENT_FRAME_SIZE);
    frame.length++;
    ck_assert_uint_eq(agent_frame_encode(&frame, out), 0);
}
END_TEST

START_TEST(takes_a_stream_cut_at_any_byte)
{
    uint8_t stream[sizeof(ping) + sizeof(output)];

    memcpy(stream, ping, sizeof(ping));
    memcpy(stream + sizeof(ping), output, sizeof(output));
    for (size_t cut = 0; cut <= sizeof(stream); cut++) {
        set_up();
        feed(stream, cut);
        feed(stream + cut, sizeof(stream) - cut);
        ck_assert_int_eq(pings, 1);
        ck_assert_int_eq(outputs, 1);
        ck_assert_uint_eq(parser.skipped_bytes, 0);
    }
}
END_TEST

START_TEST(takes_a_stream_byte_by_byte)
{
    for (size_t i = 0; i < sizeof(output); i++) {
        ck_assert_int_eq(outputs, 0);
        feed(output + i, 1);
    }
    ck_assert_int_eq(outputs, 1);
}
END_TEST

START_TEST(finds_frames_between_garbage)
{
    static const char noise[] = "VBVVBlogin: \n\xff" "VB";

    feed(noise, sizeof(noise) - 1);
    feed(ping, sizeof(ping));
    feed(noise, sizeof(noise) - 1);
    feed(output, sizeof(output));
    ck_assert_int_eq(pings, 1);
    ck_assert_int_eq(outputs, 1);
    ck_assert_uint_eq(parser.skipped_bytes, 2 * (sizeof(noise) - 1));
}
END_TEST

START_TEST(rejects_any_flipped_bit)
{
    for (size_t bit = 0; bit < 8 * sizeof(output); bit++) {
        uint8_t bad[sizeof(output)];

        memcpy(bad, output, sizeof(bad));
        bad[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        set_up();
        feed(bad, sizeof(bad));
        ck_assert_int_eq(outputs, 0);
    }
}
END_TEST

START_TEST(counts_a_wrong_crc_and_goes_on)
{
    uint8_t bad[sizeof(output)];

    memcpy(bad, output, sizeof(bad));
    bad[sizeof(bad) - 1] ^= 1;
    feed(bad, sizeof(bad));
    feed(ping, sizeof(ping));
    ck_assert_int_eq(outputs, 0);
    ck_assert_int_eq(pings, 1);
    ck_assert_uint_eq(parser.bad_crc, 1);
    ck_assert_uint_eq(parser.skipped_bytes, sizeof(bad));
}
END_TEST

START_TEST(ignores_another_nonce)
{
    agent_parser_init(&parser, NONCE + 1);
    feed(output, sizeof(output));
    ck_assert_int_eq(outputs, 0);
    ck_assert_uint_eq(parser.bad_nonce, 1);
    ck_assert_uint_eq(parser.bad_crc, 0);
}
END_TEST

/* A header that promises 4096 bytes must not swallow what follows when its nonce is forged. */
START_TEST(forged_header_delays_nothing)
{
    uint8_t forged[AGENT_FRAME_HEADER];

    memcpy(forged, output, sizeof(forged));
    forged[8] ^= 1;
    forged[16] = 0x00;
    forged[17] = 0x10;
    feed(forged, sizeof(forged));
    feed(ping, sizeof(ping));
    ck_assert_int_eq(pings, 1);
}
END_TEST

START_TEST(rejects_an_oversized_length_at_once)
{
    uint8_t bad[AGENT_FRAME_HEADER];

    memcpy(bad, output, sizeof(bad));
    bad[16] = 0x01;
    bad[17] = 0x10; /* 4097 */
    feed(bad, sizeof(bad));
    ck_assert_uint_eq(parser.bad_length, 1);
    feed(ping, sizeof(ping));
    ck_assert_int_eq(pings, 1);
}
END_TEST

/* A good header, then the line lost the rest: the frames that it swallowed come back. */
START_TEST(recovers_frames_behind_a_truncated_one)
{
    uint8_t cut[AGENT_FRAME_HEADER];
    int sent = 0;

    memcpy(cut, output, sizeof(cut));
    cut[17] = 0x10;
    cut[16] = 0x00; /* 4096 */
    feed(cut, sizeof(cut));
    while (parser.bad_crc == 0) {
        feed(ping, sizeof(ping));
        sent++;
        ck_assert_int_lt(sent, 1000);
    }
    feed(ping, sizeof(ping));
    ck_assert_int_eq(pings, sent + 1);
    ck_assert_uint_eq(parser.skipped_bytes, sizeof(cut));
}
END_TEST

START_TEST(passes_the_largest_frame)
{
    static uint8_t payload[AGENT_FRAME_PAYLOAD], out[AGENT_FRAME_SIZE];
    struct agent_frame frame = {.type = AGENT_OUTPUT, .stream = 1, .nonce = NONCE,
                                .length = AGENT_FRAME_PAYLOAD, .payload = payload};

    memset(payload, 'V', sizeof(payload));
    ck_assert_uint_eq(agent_frame_encode(&frame, out), sizeof(out));
    ck_assert_uint_eq(agent_parser_feed(&parser, out, sizeof(out)), sizeof(out));
    ck_assert(agent_parser_next(&parser, &frame));
    ck_assert_uint_eq(frame.length, AGENT_FRAME_PAYLOAD);
    ck_assert_mem_eq(frame.payload, payload, sizeof(payload));
    ck_assert(!agent_parser_next(&parser, &frame));
}
END_TEST

START_TEST(encodes_a_run)
{
    const char *const argv[] = {"echo", "-n", NULL};
    const char *const env[] = {"A=b c", NULL};
    uint8_t out[AGENT_FRAME_PAYLOAD];

    ck_assert_uint_eq(agent_run_encode(argv, env, "/tmp", out), sizeof(run_payload));
    ck_assert_mem_eq(out, run_payload, sizeof(run_payload));
}
END_TEST

START_TEST(decodes_a_run)
{
    struct agent_run run;

    ck_assert(agent_run_decode(run_payload, sizeof(run_payload), &run));
    ck_assert_str_eq(run.argv[0], "echo");
    ck_assert_str_eq(run.argv[1], "-n");
    ck_assert_ptr_null(run.argv[2]);
    ck_assert_str_eq(run.env[0], "A=b c");
    ck_assert_ptr_null(run.env[1]);
    ck_assert_str_eq(run.cwd, "/tmp");
}
END_TEST

START_TEST(empty_directory_is_the_root)
{
    static const uint8_t payload[] = {1, 0, 0, 0, 'x', 0, 0};
    struct agent_run run;

    ck_assert(agent_run_decode(payload, sizeof(payload), &run));
    ck_assert_str_eq(run.cwd, "/");
}
END_TEST

START_TEST(refuses_a_malformed_run)
{
    static const uint8_t no_argument[] = {0, 0, 0, 0, 0};
    static const uint8_t left_over[] = {1, 0, 0, 0, 'x', 0, 0, 0};
    static const uint8_t too_many[] = {0x40, 0, 0x41, 0, 'x', 0, 0};
    struct agent_run run;

    for (size_t len = 0; len < sizeof(run_payload); len++) {
        ck_assert(!agent_run_decode(run_payload, len, &run));
    }
    ck_assert(!agent_run_decode(no_argument, sizeof(no_argument), &run));
    ck_assert(!agent_run_decode(left_over, sizeof(left_over), &run));
    ck_assert(!agent_run_decode(too_many, sizeof(too_many), &run));
}
END_TEST

START_TEST(refuses_to_encode_what_does_not_fit)
{
    static char text[AGENT_FRAME_PAYLOAD];
    const char *many[AGENT_RUN_STRINGS + 2] = {NULL};
    const char *const empty[] = {NULL};
    const char *const one[] = {text, NULL};
    uint8_t out[AGENT_FRAME_PAYLOAD];

    ck_assert_uint_eq(agent_run_encode(empty, NULL, NULL, out), 0);
    for (int i = 0; i <= AGENT_RUN_STRINGS; i++) {
        many[i] = "x";
    }
    ck_assert_uint_eq(agent_run_encode(many, NULL, NULL, out), 0);
    /* Counts, text, its NUL and the NUL of the directory fill the payload exactly. */
    memset(text, 'x', AGENT_FRAME_PAYLOAD - 6);
    ck_assert_uint_eq(agent_run_encode(one, NULL, NULL, out), AGENT_FRAME_PAYLOAD);
    text[AGENT_FRAME_PAYLOAD - 6] = 'x';
    ck_assert_uint_eq(agent_run_encode(one, NULL, NULL, out), 0);
}
END_TEST

START_TEST(exit_status_both_ways)
{
    static const uint8_t killed[] = {1, 9, 0, 0, 0};
    static const uint8_t unknown[] = {3, 0, 0, 0, 0};
    struct agent_exit status;
    uint8_t out[AGENT_EXIT_LENGTH];

    ck_assert(agent_exit_decode(killed, sizeof(killed), &status));
    ck_assert_uint_eq(status.kind, AGENT_EXIT_SIGNALLED);
    ck_assert_uint_eq(status.value, 9);
    agent_exit_encode(&status, out);
    ck_assert_mem_eq(out, killed, sizeof(killed));
    ck_assert(!agent_exit_decode(unknown, sizeof(unknown), &status));
    ck_assert(!agent_exit_decode(killed, sizeof(killed) - 1, &status));
}
END_TEST

START_TEST(resume_both_ways)
{
    uint8_t out[AGENT_RESUME_LENGTH];
    struct agent_resume resume;

    ck_assert(agent_resume_decode(resume_payload, sizeof(resume_payload), &resume));
    ck_assert_uint_eq(resume.nonce, UINT64_C(0x0123456789abcdef));
    ck_assert_uint_eq(resume.clock_ns, UINT64_C(0x0102030405060708));
    ck_assert_mem_eq(resume.entropy, resume_payload + 16, AGENT_ENTROPY);
    agent_resume_encode(&resume, out);
    ck_assert_mem_eq(out, resume_payload, sizeof(out));
    ck_assert(!agent_resume_decode(resume_payload, sizeof(resume_payload) - 1, &resume));
    ck_assert(!agent_resume_decode(resume_payload, 0, &resume));
    memset(out, 0, 8);
    ck_assert(!agent_resume_decode(out, sizeof(out), &resume));
}
END_TEST

static Suite *frame_suite(void)
{
    Suite *suite = suite_create("frame");
    TCase *tc = tcase_create("frame");

    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_add_test(tc, encodes_golden_bytes);
    tcase_add_test(tc, encode_refuses_a_long_payload);
    tcase_add_test(tc, takes_a_stream_cut_at_any_byte);
    tcase_add_test(tc, takes_a_stream_byte_by_byte);
    tcase_add_test(tc, finds_frames_between_garbage);
    tcase_add_test(tc, rejects_any_flipped_bit);
    tcase_add_test(tc, counts_a_wrong_crc_and_goes_on);
    tcase_add_test(tc, ignores_another_nonce);
    tcase_add_test(tc, forged_header_delays_nothing);
    tcase_add_test(tc, rejects_an_oversized_length_at_once);
    tcase_add_test(tc, recovers_frames_behind_a_truncated_one);
    tcase_add_test(tc, passes_the_largest_frame);
    tcase_add_test(tc, encodes_a_run);
    tcase_add_test(tc, decodes_a_run);
    tcase_add_test(tc, empty_directory_is_the_root);
    tcase_add_test(tc, refuses_a_malformed_run);
    tcase_add_test(tc, refuses_to_encode_what_does_not_fit);
    tcase_add_test(tc, exit_status_both_ways);
    tcase_add_test(tc, resume_both_ways);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(frame_suite());
}
