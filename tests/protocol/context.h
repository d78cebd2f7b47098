/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions of the re-entrant API: the VM and the callbacks of session.h, and a context in place
 * of the connection of coreio.h. Whenever the VM waits, the context dispatches. There is one at
 * a time.
 */
#ifndef TESTS_CONTEXT_H
#define TESTS_CONTEXT_H

#include "coreio-ctx.h"
#include "session.h"

struct context {
    coreio_ctx *ctx;
    struct fake_vm dma; /* the VM's end of the second connection */
    unsigned connected, disconnected, resets; /* events */
    int reason;                               /* of the last disconnected */
    unsigned reset_rid;                       /* of the last reset */
};

extern struct context context;

/* A VM that listens; a context with events, that has registered range 0 and is unconnected. */
void context_listen(void);

/* The same, connected, and the claim received. Tests can have this as a checked fixture. */
void context_start(void);
void context_end(void);

/* The VM takes the first connection and its claim; the DMA connection. */
void context_accept(void);
void context_accept_dma(void);

/* As session_settle(). */
void context_settle(void);

/* Run until the status is this, for ten seconds at most. */
void context_run_until(int status);

/* A suite with one case, which context_start() and context_end() surround if `fixture`. */
Suite *context_suite(const char *name, bool fixture, TCase **tcase);

/* What a completion was called with; zeroed before. */
struct completion {
    unsigned calls;
    int err;
};

/* A completion for coreio_ctx_dma_read() and _write(); cplp is a struct completion. */
void complete(void *cplp, int err);

/* Dispatch until the completion was called, for ten seconds at most. */
void context_await(const struct completion *completion);

#endif
