/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program under test, in a process of its own, that ends with the test at the latest. Whatever is
 * not as it must be fails the running Check test. How long a line may take to come is for the
 * test's own limit.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <stdio.h>
#include <sys/types.h>

struct program {
    pid_t pid;
    FILE *out, *err; /* what it prints */
};

/* Run the file `path` with the arguments behind its name, which end with NULL. */
void program_run(struct program *program, const char *path, const char *const *args);

/* The next line must begin so. "tick" lines, which come at any time, are passed over. */
void program_expect_line(FILE *stream, const char *start);

/* There is no further line, and the program has closed the stream. */
void program_expect_end(FILE *stream);

/* Wait for its end and close the streams. Returns the exit status; a signal is a failure. */
int program_wait(struct program *program);

/* The same for a program that has no end of its own. */
void program_kill(struct program *program);

#endif
