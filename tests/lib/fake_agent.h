/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The far end of a results line: an agent that the test plays, in the test's own event loop.
 * Failures are Check failures. One at a time.
 */
#ifndef TESTS_FAKE_AGENT_H
#define TESTS_FAKE_AGENT_H

#include "agent_link.h"

#define FAKE_NONCE G_GUINT64_CONSTANT(0x0123456789abcdef)

typedef struct {
    VmbAlarm *alarm;
    VmbAgentLink *link; /* the harness's end */
    int fd;             /* the agent's */
    guint source;
    struct agent_parser parser;
    GByteArray *seen; /* all that the harness has sent */
    gboolean deaf;    /* PINGs are not answered */
    gboolean dying;   /* a SIGKILL is answered by EXIT */
    guint pings;      /* so many came */
    guint kills;      /* so many SIGKILLs came */

    /* What the agent does about a frame, but a PING. NULL: nothing. */
    void (*on_frame)(const struct agent_frame *frame);
} FakeAgent;

extern FakeAgent fake_agent;

/* A new alarm, link and agent; nothing is READY yet. */
void fake_agent_open(double timeout_scale);
void fake_agent_close(void);

/* The agent sends bytes; a good frame; an EXIT. */
void fake_agent_say_bytes(const void *bytes, gsize len);
void fake_agent_say(guint8 type, guint8 stream, guint32 id, guint64 nonce, const void *payload,
                    gsize len);
void fake_agent_say_exit(guint32 id, guint8 kind, guint32 value);

/* Run the event loop until it has nothing to do. */
void fake_agent_turn_loop(void);

#endif
