/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fuzzer's input, read as a script of steps and their numbers. One thread.
 */
#ifndef FUZZ_SCRIPT_H
#define FUZZ_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_script {
    const uint8_t *at;
    const uint8_t *end;
};

static inline bool fuzz_script_ended(const struct fuzz_script *script)
{
    return script->at == script->end;
}

/* The next byte, 0 behind the end. */
static inline uint8_t fuzz_byte(struct fuzz_script *script)
{
    return fuzz_script_ended(script) ? 0 : *script->at++;
}

/* Take up to `len` bytes as they are; returns how many there were. */
static inline size_t fuzz_bytes(struct fuzz_script *script, size_t len, const uint8_t **bytes)
{
    size_t left = (size_t)(script->end - script->at);

    *bytes = script->at;
    len = len < left ? len : left;
    script->at += len;
    return len;
}

/* How often to do something: mostly a few times, seldom up to `many` times. */
static inline unsigned fuzz_count(struct fuzz_script *script, unsigned many)
{
    uint8_t byte = fuzz_byte(script);

    return byte < 0xf0 ? 1u + byte % 20u : many * (byte - 0xefu) / 16u;
}

#endif
