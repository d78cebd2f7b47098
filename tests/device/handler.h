/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A handler in a process of its own, which can be killed and stopped: it claims
 * range 0 and answers reads. Not for TLS. It dies with the test.
 */
#ifndef TESTS_HANDLER_H
#define TESTS_HANDLER_H

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

/* What the handler does when it has received the read after its last answer. */
typedef enum HandlerFault {
    HANDLER_KILLED,  /* gets SIGKILL */
    HANDLER_STOPPED, /* gets SIGSTOP: keeps its connection and does nothing */
    HANDLER_CUT_OFF, /* sends half of the reply and exits */
} HandlerFault;

/* Answer that many reads with the data word `value`, then do that. */
pid_t handler_start(const char *endpoint, uint32_t value, unsigned answers, HandlerFault fault);

/* Wait until it has been done. */
void handler_await_fault(pid_t handler, HandlerFault fault);

/* End it, if it has not ended yet. Once a handler. */
void handler_end(pid_t handler);

#endif
