/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that runs tests one after the other, for the process that the user has started. It reads a
 * test's id, a line, from standard input and answers with a VmbResult as JSON, a line, on standard output,
 * until the input ends. What it dies of is not the end of the run.
 */
#ifndef VMBENCH_WORKER_H
#define VMBENCH_WORKER_H

#include <sys/types.h>

#include "run_options.h"

/* Returns the exit status. */
int vmb_worker_main(const VmbRunOptions *options);

/*
 * Remove what a worker that is dead had no time to: directories of guests below that of the run, and of
 * sockets among temporary files.
 */
void vmb_worker_clean_up(const char *run, pid_t pid);

/* The directory of a test's logs, below that of the run. Free with g_free(). */
char *vmb_worker_logs(const char *run, const VmbCase *test);

#endif
