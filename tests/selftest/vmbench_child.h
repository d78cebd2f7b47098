/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmbench as its user runs it: a child process in a private directory, its output in files,
 * and everything that it starts marked by an environment variable, so that a process that was
 * left behind is found whatever it calls itself. Failures are Check failures.
 */
#ifndef TESTS_VMBENCH_CHILD_H
#define TESTS_VMBENCH_CHILD_H

#include <glib.h>
#include <sys/types.h>

/* Slow hosts get this long, for anything; nothing waits for it when all is well. */
#define PATIENCE_SECONDS 120

typedef struct {
    char *dir;  /* private: logs/, tmp/, and what the test puts there */
    char *mark; /* in the environment of every process of this child */
    const char *program; /* to be run instead of vmbench, without --logs; set before the start */
    const char *input; /* file for standard input, NULL: empty; likewise */
    pid_t pid;
    int terminal; /* our end of its terminal, -1 when it has none */
    char *out;    /* after child_wait(): standard output */
    char *err;    /* after child_wait(): standard error */
} Child;

/* The private directory, before anything is started. */
void child_init(Child *child);

/*
 * Start `vmbench ARGS... --logs DIR/logs` (`list` without --logs), with `terminal` on a terminal of its
 * own. The arguments end with NULL.
 */
void child_start(Child *child, gboolean terminal, const char *const *args);

/* Its end: the exit status, or minus the signal that killed it. */
int child_wait(Child *child);

/* TRUE when it has ended; child_wait() is still to be called. */
gboolean child_has_ended(const Child *child);

/* child_start() without a terminal and child_wait(). */
int child_run(Child *child, const char *const *args);

/* The process of this child whose program's file name is `name`, as soon as there is one. */
pid_t child_find(const Child *child, const char *name);

/* Wait until `text` is in a file of the private directory. */
void child_await_text(const Child *child, const char *file, const char *text);

/* No process is left but those that the kernel is just ending. */
void child_assert_nothing_left(const Child *child);

/*
 * child_assert_nothing_left(), and nothing in the temporary directory. Removes the private directory.
 */
void child_finish(Child *child);

/* Standard error is one line, starts with "vmbench: ", and the log that it names exists. */
void child_assert_one_line(const Child *child);

/* A path in the private directory. Free with g_free(). */
char *child_path(const Child *child, const char *name);

/*
 * A port of 127.0.0.1 that nobody has, as text: one that the system picks among many, so that tests
 * that ask at the same time get different ones. Free with g_free().
 */
char *child_free_port(void);

/* An executable shell script in the private directory; returns its path. Free with g_free(). */
char *child_script(const Child *child, const char *name, const char *body);

#endif
