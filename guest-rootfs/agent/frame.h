/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames between the harness (host) and the agent (guest) on a serial line of
 * their own. This header is the definition of that protocol, version 3; both
 * sides build from frame.c. No I/O and no allocation in here; a parser is used
 * by one thread at a time, the other functions keep no state.
 *
 * A frame, integers little-endian:
 *
 *   offset  size  field
 *        0     2  magic, 0x56 0x42 ("VB")
 *        2     1  type, enum agent_frame_type
 *        3     1  stream: 1 or 2 in OUTPUT, 0 in all others
 *        4     4  id: the run that the frame belongs to, chosen by the host in RUN;
 *                 in PING chosen by the host and echoed in PONG; 0 in READY and SHELL_EXIT
 *        8     8  nonce of the run, which RESUME tells the agent; AGENT_NO_NONCE until then
 *       16     2  n, length of the payload, 0 to 4096
 *       18     n  payload
 *     18+n     4  CRC-32 (IEEE 802.3, as in zlib) of the 18+n bytes before it
 *
 * A receiver drops what is not a frame with the right nonce, length and CRC, one
 * byte at a time, and looks for the next magic. It waits for the payload only of
 * a header with the right nonce, so noise cannot keep back a frame that follows.
 *
 * The nonce is a secret of host and agent: it is on no command line and in no environment, and a
 * program in the guest that writes frames of its own to the line does not know it.
 *
 * A boot, as the host sees it:
 *   READY                      under AGENT_NO_NONCE, when the agent listens
 *   -> RESUME                  likewise, and the only frame that the agent takes without a nonce
 *   READY                      under the run's nonce, which alone counts from now on
 *   -> RUN id                  start a program; several may run at a time
 *   -> INPUT id ...            bytes for its stdin; an INPUT without payload is its end
 *   INPUT_ACK id               bytes that the program's pipe has taken
 *   OUTPUT id stream ...       its stdout (1) and stderr (2), as they come
 *   EXIT id                    always, once for each RUN, after all its OUTPUT
 *   -> SIGNAL id               send a signal to the program's process group
 *   -> SWEEP                   kill what programs have left behind, wherever that has gone to
 *   SHELL_EXIT                 the interactive shell (`vmbench.shell=1`) ended
 * A guest that goes on from a snapshot:
 *   -> RESUME                  the last frame under the nonce that the snapshot was made with
 *   READY                      under the new one
 * INPUT and SIGNAL for a run that is over, and unknown types, are ignored: they can
 * cross EXIT on the line. When a program ends, what its pipes hold is sent, then
 * EXIT; what a process it left behind writes later is lost.
 */
#ifndef AGENT_FRAME_H
#define AGENT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AGENT_PROTOCOL_VERSION = 3,
    AGENT_FRAME_HEADER = 18,
    AGENT_FRAME_PAYLOAD = 4096, /* most bytes of payload */
    AGENT_FRAME_TRAILER = 4,
    AGENT_FRAME_SIZE = AGENT_FRAME_HEADER + AGENT_FRAME_PAYLOAD + AGENT_FRAME_TRAILER,
    AGENT_INPUT_WINDOW = 16384, /* INPUT bytes of one run sent and not yet in an INPUT_ACK */
    AGENT_RUNS = 16,            /* programs that can run at a time */
    AGENT_RUN_STRINGS = 128,    /* most arguments and variables of a RUN together */
};

/* Of an agent that was told none yet. */
#define AGENT_NO_NONCE UINT64_C(0)

enum agent_frame_type {
    AGENT_READY = 1,      /* guest: u32 protocol version */
    AGENT_RUN = 2,        /* host:  agent_run_encode() */
    AGENT_INPUT = 3,      /* host:  bytes for stdin; no payload = end of input */
    AGENT_OUTPUT = 4,     /* guest: 1 to 4096 bytes of stream 1 or 2 */
    AGENT_EXIT = 5,       /* guest: agent_exit_encode() */
    AGENT_SIGNAL = 6,     /* host:  u8 signal number */
    AGENT_PING = 7,       /* host:  any payload */
    AGENT_PONG = 8,       /* guest: id and payload of the PING */
    AGENT_SHELL_EXIT = 9, /* guest: agent_exit_encode() */
    AGENT_INPUT_ACK = 10, /* guest: u32 bytes newly taken by the program, or thrown away
                             because it closed its stdin; the host may send that many more.
                             More than the window at once: the run is killed (SIGKILL). */
    AGENT_RESUME = 11,    /* host:  agent_resume_encode(); another length is ignored */
    AGENT_SWEEP = 12,     /* host:  nothing; what comes behind it is handled when all are gone, or
                             after a second. Programs that still run are killed too. */
};

/* A frame, decoded or to be encoded. `payload` is borrowed. */
struct agent_frame {
    uint8_t type;
    uint8_t stream;
    uint32_t id;
    uint64_t nonce;
    uint16_t length; /* of the payload, bytes */
    const uint8_t *payload;
};

/*
 * Write the frame into `out`, which has room for AGENT_FRAME_SIZE bytes. Returns
 * the frame's size in bytes, or 0 when its length is above AGENT_FRAME_PAYLOAD.
 */
size_t agent_frame_encode(const struct agent_frame *frame, uint8_t *out);

/* ---- Receiving ---- */

struct agent_parser {
    uint64_t nonce;         /* of the frames to accept */
    bool greets;            /* and READY under AGENT_NO_NONCE: this is the host */
    uint64_t skipped_bytes; /* dropped because they are part of no good frame */
    uint64_t bad_nonce;     /* rejected headers: another boot's or forged */
    uint64_t bad_length;    /* rejected headers: payload too long */
    uint64_t bad_crc;       /* rejected frames: damaged */
    size_t have;            /* bytes in buffer */
    size_t done;            /* size of the frame handed out last, still in buffer */
    uint8_t buffer[AGENT_FRAME_SIZE];
};

/* Start with an empty buffer and counters at 0. `greets` is false. */
void agent_parser_init(struct agent_parser *parser, uint64_t nonce);

/*
 * Take up to `len` bytes; returns how many were taken. That is at least 1 when
 * `len` is not 0 and agent_parser_next() has returned false since the last feed.
 *
 *     while (len > 0) {
 *         size_t n = agent_parser_feed(&parser, bytes, len);
 *         bytes += n;
 *         len -= n;
 *         while (agent_parser_next(&parser, &frame)) { ... }
 *     }
 */
size_t agent_parser_feed(struct agent_parser *parser, const void *bytes, size_t len);

/*
 * Find the next good frame among the bytes fed. Returns false when there is
 * none yet. *frame, with its payload, is valid until the next call with this
 * parser. The type is not checked: ignore those you do not know.
 */
bool agent_parser_next(struct agent_parser *parser, struct agent_frame *frame);

/* ---- Payload of RUN ---- */
/*
 * u16 argc, u16 envc, then argc + envc + 1 strings, each ended by a NUL: the
 * arguments (at least one; the program is looked for on the guest's PATH), the
 * variables as NAME=VALUE, and the working directory (empty: "/"). The variables
 * are added to the agent's own environment and win over it. Without an INPUT the
 * program would wait for its stdin for ever, so a host with no input sends an
 * INPUT without payload right after RUN.
 * A RUN that cannot be started is answered by EXIT, kind AGENT_EXIT_EXEC_FAILED, errno
 * EINVAL: malformed, EEXIST: id in use, EAGAIN: AGENT_RUNS are running, others: from
 * fork, chdir and exec.
 */
struct agent_run {
    const char *argv[AGENT_RUN_STRINGS + 1]; /* ends with NULL, as exec() wants it */
    const char *env[AGENT_RUN_STRINGS + 1];  /* ends with NULL */
    const char *cwd;                         /* never NULL; "/" when none was given */
};

/*
 * Encode into `out`, which has room for AGENT_FRAME_PAYLOAD bytes. `argv` and `env`
 * end with NULL; `env` and `cwd` may be NULL. Returns the payload's length, or 0 when
 * argv is empty, there are more than AGENT_RUN_STRINGS strings, or they do not fit.
 */
size_t agent_run_encode(const char *const *argv, const char *const *env, const char *cwd,
                        uint8_t *out);

/*
 * Decode a RUN payload; the strings of *run point into it. Returns false when it
 * is malformed: cut off, bytes left over, no argument, too many strings.
 */
bool agent_run_decode(const uint8_t *payload, size_t length, struct agent_run *run);

/* ---- Payload of EXIT and SHELL_EXIT: u8 kind, u32 value ---- */

enum agent_exit_kind {
    AGENT_EXIT_EXITED = 0,      /* value: exit status, 0-255 */
    AGENT_EXIT_SIGNALLED = 1,   /* value: signal number */
    AGENT_EXIT_EXEC_FAILED = 2, /* value: Linux errno, x86 and arm64 agree */
};

enum { AGENT_EXIT_LENGTH = 5 };

struct agent_exit {
    uint8_t kind;
    uint32_t value;
};

/* Write AGENT_EXIT_LENGTH bytes into `out`. */
void agent_exit_encode(const struct agent_exit *status, uint8_t *out);

/* Returns false when the length is wrong or the kind unknown. */
bool agent_exit_decode(const uint8_t *payload, size_t length, struct agent_exit *status);

/* ---- Payload of RESUME: u64 nonce, u64 clock, 32 bytes of entropy ---- */

enum { AGENT_ENTROPY = 32, AGENT_RESUME_LENGTH = 8 + 8 + AGENT_ENTROPY };

struct agent_resume {
    uint64_t nonce;    /* of this run; not AGENT_NO_NONCE */
    uint64_t clock_ns; /* the time of day, in nanoseconds since 1970 UTC */
    uint8_t entropy[AGENT_ENTROPY]; /* random, so that two guests of one snapshot differ */
};

/* Write AGENT_RESUME_LENGTH bytes into `out`. */
void agent_resume_encode(const struct agent_resume *resume, uint8_t *out);

/* Returns false when the length is wrong, or the nonce is none. */
bool agent_resume_decode(const uint8_t *payload, size_t length, struct agent_resume *resume);

/* Little-endian u32, the payload of READY and INPUT_ACK. */
void agent_u32_encode(uint32_t value, uint8_t *out);
uint32_t agent_u32_decode(const uint8_t *in);

#endif
