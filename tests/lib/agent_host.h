/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side of the agent's line, for tests: starts the agent (built for
 * the host) at the other end of a socket pair and speaks frames with it. One
 * agent at a time. Every function fails the running test when something does
 * not come within AGENT_PATIENCE_MS or is not what it should be.
 */
#ifndef TESTS_AGENT_HOST_H
#define TESTS_AGENT_HOST_H

#include "frame.h"

#define AGENT_TEST_NONCE UINT64_C(0xfeedfacecafebeef)

enum { AGENT_PATIENCE_MS = 20000, AGENT_OUTPUT_MAX = 1048576 };

/* What has come since agent_start(): output by stream (1 in [0], 2 in [1]), acknowledged input. */
struct agent_got {
    char out[2][AGENT_OUTPUT_MAX + 1];
    size_t len[2];
    size_t acked;
};
extern struct agent_got agent_got;

/*
 * Fork an agent, tell it AGENT_TEST_NONCE and wait for READY. What a RESUME tells it is in its
 * programs' environment, as RESUMED="CLOCK FIRSTLAST", the first and last byte of the entropy in hexadecimal.
 * `shell` is its terminal's name below /dev, NULL: no shell.
 */
void agent_start(const char *shell);

/* The same, but for the nonce: its READY has AGENT_NO_NONCE, and the other functions use that. */
void agent_start_unnamed(const char *shell);

/* Send RESUME. */
void agent_send_resume(const struct agent_resume *resume);

/* READY under `nonce`, which the other functions use from now on. */
void agent_expect_ready(uint64_t nonce);

/* Close the line; the agent ends by itself, with success. */
void agent_stop(void);

/* Send bytes as they are, or a frame of the nonce in use. */
void agent_send_bytes(const uint8_t *bytes, size_t len);
void agent_send(uint8_t type, uint32_t id, const void *payload, size_t len);

/* The next frame, valid until the next call. */
struct agent_frame agent_receive(void);

/* Send RUN for a program, or for `sh -c script`. `env` and `cwd` may be NULL. */
void agent_run_program(uint32_t id, const char *const *argv, const char *const *env,
                       const char *cwd);
void agent_run_shell(uint32_t id, const char *script);

/* Receive one frame, which must be of run `id`, into agent_got; true when it was EXIT. */
bool agent_advance(uint32_t id, struct agent_exit *status);

/* Receive until EXIT, which must say this (enum agent_exit_kind). */
void agent_expect_exit(uint32_t id, int kind, uint32_t value);

/* Receive until stdout is `text`. */
void agent_wait_for_output(uint32_t id, const char *text);

#endif
