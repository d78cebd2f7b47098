/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vmbench run` on scenarios of a test's own, below tests/ of its private directory, under TCG; and
 * what it says and keeps. One child at a time. Failures are Check failures.
 */
#ifndef TESTS_SCENARIO_RUN_H
#define TESTS_SCENARIO_RUN_H

#include "vmbench_child.h"

/* A scenario of one program in an x86, and a handler that some step may start. */
#define HANDLER "[handler outside]\ncommand = vmmio-test-outside\n"
#define RUN(program) "[scenario]\nmachines = x86\n" HANDLER "[step the one]\nrun = " program "\n"

extern Child child;

/* A checked fixture: child_init() and child_finish(). */
void scenario_setup(void);
void scenario_teardown(void);

/* Write tests/NAME/scenario.ini. */
void write_scenario(const char *name, const char *text);

/* Run all of them, with an option and its value (NULL: without); the exit status. */
int run(const char *option, const char *value);

/* The text of the child, its output or its errors, has these words in it. */
void assert_says(const char *text, const char *words);

/* The directory that a failing test has left, of the only run; NULL: that of the run. Free with g_free(). */
char *bundle_of(const char *test);

/* A file in it. Free with g_free(). */
char *read_kept(const char *test, const char *name);

#endif
