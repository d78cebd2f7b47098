/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame.h"

#include <string.h>

enum { MAGIC_0 = 0x56, MAGIC_1 = 0x42 };

static void put_le(uint8_t *out, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get_le(const uint8_t *in, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)in[i] << (8 * i);
    }
    return value;
}

void agent_u32_encode(uint32_t value, uint8_t *out)
{
    put_le(out, value, 4);
}

uint32_t agent_u32_decode(const uint8_t *in)
{
    return (uint32_t)get_le(in, 4);
}

/* Four bits a step: a table of 16 is small enough to check by eye. */
static uint32_t crc32_ieee(const uint8_t *bytes, size_t len)
{
    static const uint32_t step[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ step[crc & 15];
        crc = (crc >> 4) ^ step[crc & 15];
    }
    return ~crc;
}

size_t agent_frame_encode(const struct agent_frame *frame, uint8_t *out)
{
    size_t size = AGENT_FRAME_HEADER + (size_t)frame->length;

    if (frame->length > AGENT_FRAME_PAYLOAD) {
        return 0;
    }
    out[0] = MAGIC_0;
    out[1] = MAGIC_1;
    out[2] = frame->type;
    out[3] = frame->stream;
    put_le(out + 4, frame->id, 4);
    put_le(out + 8, frame->nonce, 8);
    put_le(out + 16, frame->length, 2);
    if (frame->length > 0) {
        memcpy(out + AGENT_FRAME_HEADER, frame->payload, frame->length);
    }
    put_le(out + size, crc32_ieee(out, size), AGENT_FRAME_TRAILER);
    return size + AGENT_FRAME_TRAILER;
}

void agent_parser_init(struct agent_parser *parser, uint64_t nonce)
{
    memset(parser, 0, offsetof(struct agent_parser, buffer));
    parser->nonce = nonce;
}

static void drop_bytes(struct agent_parser *parser, size_t n)
{
    parser->have -= n;
    memmove(parser->buffer, parser->buffer + n, parser->have);
}

size_t agent_parser_feed(struct agent_parser *parser, const void *bytes, size_t len)
{
    size_t room;

    drop_bytes(parser, parser->done);
    parser->done = 0;
    room = sizeof(parser->buffer) - parser->have;
    if (len > room) {
        len = room;
    }
    if (len > 0) {
        memcpy(parser->buffer + parser->have, bytes, len);
    }
    parser->have += len;
    return len;
}

/* Drop what stands before the first byte that can begin a magic, `from` or later. */
static void skip_to_magic(struct agent_parser *parser, size_t from)
{
    size_t at = from;

    while (at < parser->have && (parser->buffer[at] != MAGIC_0 ||
           (at + 1 < parser->have && parser->buffer[at + 1] != MAGIC_1))) {
        at++;
    }
    parser->skipped_bytes += at;
    drop_bytes(parser, at);
}

enum { READY_LENGTH = 4 };

/* All of its header that can vary is checked: a lookalike cannot promise a payload and keep it back. */
static bool is_greeting(const struct agent_parser *parser)
{
    const uint8_t *b = parser->buffer;

    return parser->greets && get_le(b + 8, 8) == AGENT_NO_NONCE && b[2] == AGENT_READY &&
           get_le(b + 16, 2) == READY_LENGTH;
}

enum verdict { INCOMPLETE, REJECTED, GOOD };

/* Judge the frame that begins at buffer[0], which has a magic as far as it goes. */
static enum verdict examine(struct agent_parser *parser)
{
    const uint8_t *b = parser->buffer;
    size_t covered;

    if (parser->have < AGENT_FRAME_HEADER) {
        return INCOMPLETE;
    }
    if (get_le(b + 8, 8) != parser->nonce && !is_greeting(parser)) {
        parser->bad_nonce++;
        return REJECTED;
    }
    covered = AGENT_FRAME_HEADER + (size_t)get_le(b + 16, 2);
    if (covered > AGENT_FRAME_HEADER + AGENT_FRAME_PAYLOAD) {
        parser->bad_length++;
        return REJECTED;
    }
    if (parser->have < covered + AGENT_FRAME_TRAILER) {
        return INCOMPLETE;
    }
    if (crc32_ieee(b, covered) != get_le(b + covered, AGENT_FRAME_TRAILER)) {
        parser->bad_crc++;
        return REJECTED;
    }
    return GOOD;
}

bool agent_parser_next(struct agent_parser *parser, struct agent_frame *frame)
{
    const uint8_t *b = parser->buffer;
    enum verdict verdict;

    drop_bytes(parser, parser->done);
    parser->done = 0;
    skip_to_magic(parser, 0);
    while ((verdict = examine(parser)) == REJECTED) {
        skip_to_magic(parser, 1);
    }
    if (verdict == INCOMPLETE) {
        return false;
    }
    *frame = (struct agent_frame){
        .type = b[2],
        .stream = b[3],
        .id = (uint32_t)get_le(b + 4, 4),
        .nonce = get_le(b + 8, 8),
        .length = (uint16_t)get_le(b + 16, 2),
        .payload = b + AGENT_FRAME_HEADER,
    };
    parser->done = AGENT_FRAME_HEADER + (size_t)frame->length + AGENT_FRAME_TRAILER;
    return true;
}

/* A RUN payload in the making; `used` grows past `AGENT_FRAME_PAYLOAD` when it does not fit. */
struct run_writer {
    uint8_t *out;
    size_t used;
    size_t strings;
};

static void write_string(struct run_writer *writer, const char *string)
{
    size_t size = strlen(string) + 1;

    if (writer->used <= AGENT_FRAME_PAYLOAD && size <= AGENT_FRAME_PAYLOAD - writer->used) {
        memcpy(writer->out + writer->used, string, size);
        writer->used += size;
    } else {
        writer->used = AGENT_FRAME_PAYLOAD + 1;
    }
}

static void write_strings(struct run_writer *writer, const char *const *strings)
{
    for (; strings != NULL && *strings != NULL; strings++) {
        write_string(writer, *strings);
        writer->strings++;
    }
}

size_t agent_run_encode(const char *const *argv, const char *const *env, const char *cwd,
                        uint8_t *out)
{
    struct run_writer writer = {.out = out, .used = 4};
    size_t argc;

    write_strings(&writer, argv);
    argc = writer.strings;
    write_strings(&writer, env);
    write_string(&writer, cwd != NULL ? cwd : "");
    if (argc == 0 || writer.strings > AGENT_RUN_STRINGS || writer.used > AGENT_FRAME_PAYLOAD) {
        return 0;
    }
    put_le(out, argc, 2);
    put_le(out + 2, writer.strings - argc, 2);
    return writer.used;
}

/* The string at *at, or NULL when no NUL ends it; moves *at behind the NUL. */
static const char *read_string(const uint8_t **at, const uint8_t *end)
{
    const char *string = (const char *)*at;
    const uint8_t *nul = *at < end ? memchr(*at, 0, (size_t)(end - *at)) : NULL;

    if (nul == NULL) {
        return NULL;
    }
    *at = nul + 1;
    return string;
}

static bool read_strings(const uint8_t **at, const uint8_t *end, const char **strings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        strings[i] = read_string(at, end);
        if (strings[i] == NULL) {
            return false;
        }
    }
    strings[count] = NULL;
    return true;
}

bool agent_run_decode(const uint8_t *payload, size_t length, struct agent_run *run)
{
    const uint8_t *at = payload + 4;
    const uint8_t *end = payload + length;
    size_t argc, envc;

    if (length < 4) {
        return false;
    }
    argc = get_le(payload, 2);
    envc = get_le(payload + 2, 2);
    if (argc == 0 || argc + envc > AGENT_RUN_STRINGS) {
        return false;
    }
    if (!read_strings(&at, end, run->argv, argc) || !read_strings(&at, end, run->env, envc)) {
        return false;
    }
    run->cwd = read_string(&at, end);
    if (run->cwd == NULL || at != end) {
        return false;
    }
    if (run->cwd[0] == '\0') {
        run->cwd = "/";
    }
    return true;
}

void agent_exit_encode(const struct agent_exit *status, uint8_t *out)
{
    out[0] = status->kind;
    put_le(out + 1, status->value, 4);
}

bool agent_exit_decode(const uint8_t *payload, size_t length, struct agent_exit *status)
{
    if (length != AGENT_EXIT_LENGTH || payload[0] > AGENT_EXIT_EXEC_FAILED) {
        return false;
    }
    status->kind = payload[0];
    status->value = agent_u32_decode(payload + 1);
    return true;
}

void agent_resume_encode(const struct agent_resume *resume, uint8_t *out)
{
    put_le(out, resume->nonce, 8);
    put_le(out + 8, resume->clock_ns, 8);
    memcpy(out + 16, resume->entropy, AGENT_ENTROPY);
}

bool agent_resume_decode(const uint8_t *payload, size_t length, struct agent_resume *resume)
{
    if (length != AGENT_RESUME_LENGTH) {
        return false;
    }
    resume->nonce = get_le(payload, 8);
    resume->clock_ns = get_le(payload + 8, 8);
    memcpy(resume->entropy, payload + 16, AGENT_ENTROPY);
    return resume->nonce != AGENT_NO_NONCE;
}
