/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP of a VM that tests/lib/qtest.h started. Each call waits for its answer; an
 * error answer, or none within QTEST_SECONDS, fails the running Check test.
 */
#ifndef TESTS_QMP_H
#define TESTS_QMP_H

#include "qtest.h"

#include <json-glib/json-glib.h>

/* Take the greeting and negotiate. To be called first, once a VM. */
void qmp_open(struct qtest *vm);

/* Run a command without arguments; its answer is dropped, and so are events. */
void qmp_run(struct qtest *vm, const char *command);

/* The same for a whole command, {"execute": ..., "arguments": ...}, on one line. */
void qmp_execute(struct qtest *vm, const char *line);

/* The member "status" of what a query brings, NULL when there is none. The caller frees it. */
char *qmp_query_status(struct qtest *vm, const char *command);

/* Wait until that event comes; what comes before it is dropped. */
void qmp_await_event(struct qtest *vm, const char *event);

/* A whole command that must be answered with an error. */
void qmp_execute_fails(struct qtest *vm, const char *line);

/* A command that brings an event: wait for both, in whatever order they come. */
void qmp_run_until_event(struct qtest *vm, const char *command, const char *event);
void qmp_execute_until_event(struct qtest *vm, const char *line, const char *event);

/* A property of a QOM object. */
char *qmp_get_string(struct qtest *vm, const char *path, const char *property);
bool qmp_get_bool(struct qtest *vm, const char *path, const char *property);
uint64_t qmp_get_uint(struct qtest *vm, const char *path, const char *property);

/* The same for a struct. The caller unrefs it. */
JsonObject *qmp_get_object(struct qtest *vm, const char *path, const char *property);

/*
 * The data of the next event, which must be of that name. The caller unrefs it. Other calls drop
 * the events that come before their answer.
 */
JsonObject *qmp_expect_event(struct qtest *vm, const char *event);

/* What a whole command returns, which is a list. The caller unrefs it. */
JsonArray *qmp_execute_array(struct qtest *vm, const char *line);

/* Run a command without arguments; no event of that name may come before its answer. */
void qmp_run_without_event(struct qtest *vm, const char *command, const char *event);

/* Path of the first object of that type among /machine/unattached. The caller frees it. */
char *qmp_find_unattached(struct qtest *vm, const char *type);

/* What the human monitor prints for a command. The caller frees it. */
char *qmp_human(struct qtest *vm, const char *command_line);

#endif
