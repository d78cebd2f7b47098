/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM and a client in the running test: the fake VM has accepted the client
 * library's connection, and the client has claimed range 0 with callbacks that
 * record what they were called for. There is one session at a time.
 */
#ifndef TESTS_SESSION_H
#define TESTS_SESSION_H

#include "coreio.h"
#include "fake_vm.h"
#include "tap.h"
#include "vector.h"

#define SESSION_CALLS 64

struct call {
    const char *what; /* "read", "write", "readp", "writep" */
    uint64_t addr;
    size_t len;
    unsigned flags;
    uint8_t data[32];  /* what buf held when the callback began */
    uint8_t data2[32]; /* the same of buf2; zero for a single access */
};

struct session {
    struct fake_vm vm;
    struct call calls[SESSION_CALLS];
    unsigned n_calls;     /* all of them, also those with no place in calls[] */
    int result;           /* what the callbacks return */
    bool leave_data;      /* reads leave buf alone, else they give bytes 0x01 ... */
    void (*during)(void); /* called inside every callback, when set */
};

extern struct session session;

/* All four callbacks; and read and write alone. */
extern const coreio_func_t session_func;
extern const coreio_func_t session_func_single;

/*
 * Begin a session whose range 0 has these callbacks, or session_func. Tests
 * that start none of their own get the second as a checked fixture.
 */
void session_start_with(const coreio_func_t *func);
void session_start(void);
void session_end(void);

/* Without a client: a VM that listens. */
void session_listen(void);

/* Connect and claim range 0 again, after a disconnect. */
void session_reconnect(void);

/*
 * Let the client work until the VM can tell that it has dealt with all it was
 * sent: a PING comes back, and nothing before it.
 */
void session_settle(void);

/* Serve until the client reports the end of the connection; returns what it reports. */
int session_serve_until_lost(void);

/* The one call made so far, which must be of this kind. */
const struct call *session_only_call(const char *what);

/* A suite with one case that sessions, if `fixture`, surround each test of. */
Suite *session_suite(const char *name, bool fixture, TCase **tcase);

#endif
