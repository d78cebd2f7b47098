/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs in the guest, up to AGENT_RUNS at a time. Main thread only. */
#ifndef VMBENCH_GUEST_PROGRAM_H
#define VMBENCH_GUEST_PROGRAM_H

#include "agent_link.h"

/* Most bytes of a program's stdout and stderr together that are kept. */
#define VMB_OUTPUT_MAX (16u * 1024 * 1024)

/* What a program in the guest did, so far or altogether. */
typedef struct {
    GString *out;    /* standard output */
    GString *err;    /* standard error */
    gboolean exited; /* after its end, TRUE: by exit(value); FALSE: killed by signal number value */
    guint value;
} VmbProgramResult;

void vmb_program_result_free(VmbProgramResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbProgramResult, vmb_program_result_free)

/* Told of what a program prints, as it comes; `data` is the stream's. Must not wait. */
typedef void (*VmbProgramTap)(gpointer data, const guint8 *bytes, gsize len);

/* What to run. Members that are 0 mean "none". */
typedef struct {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up on the guest's PATH */
    const char *const *env;  /* NULL-terminated NAME=VALUE, added to the agent's environment */
    const char *cwd;         /* NULL: "/" */
    GBytes *input;           /* the beginning of standard input, or all of it */
    gboolean keep_input;     /* more follows by vmb_program_send() */
    VmbProgramTap tap;       /* NULL: nobody is told; `data` must outlive the program */
    gpointer tap_out, tap_err; /* its data for standard output and for standard error */
} VmbProgramSpec;

typedef struct VmbProgram VmbProgram;

/*
 * Start a program; nothing of `spec` is needed afterwards. NULL: VMB_ERROR_SETUP, argv, env and cwd
 * do not fit into a frame. That the guest cannot execute it is told by what waits for it. When the
 * guest is reset the program is lost; so it is when the link is freed, after which nothing may wait
 * for it. Free with vmb_program_free().
 */
VmbProgram *vmb_program_start(VmbAgentLink *link, const VmbProgramSpec *spec, GError **error);

/*
 * A program that runs is killed, and its end awaited for up to 2 s (before scaling), so that it
 * does not disturb what comes next.
 */
void vmb_program_free(VmbProgram *program);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbProgram, vmb_program_free)

/*
 * Queue bytes for its standard input; they go out as fast as it reads. For a program that has
 * ended, or after vmb_program_end_input(), they are dropped.
 */
void vmb_program_send(VmbProgram *program, const void *bytes, gsize len);

/* Its standard input ends after what is queued. */
void vmb_program_end_input(VmbProgram *program);

/* Send a signal to its process group; ignored when it has ended. */
void vmb_program_signal(VmbProgram *program, int number);

/* TRUE when it has ended in whatever way. */
gboolean vmb_program_has_ended(const VmbProgram *program);

/*
 * Wait up to `ms` (before scaling; 0: for ever) for its end. A program that exits nonzero or is
 * killed is a result, not an error. FALSE: VMB_ERROR_PROGRAM_MISSING, the guest cannot execute it;
 * VMB_ERROR_PROGRAM_FAILED, it wrote more than VMB_OUTPUT_MAX and was killed; VMB_ERROR_RESET, the
 * guest was reset while it ran; as vmb_agent_link_wait(), it still runs: free it to kill it; or the
 * alarm's, also when it has ended because the kernel oopsed.
 */
gboolean vmb_program_wait(VmbProgram *program, guint ms, GError **error);

/*
 * Wait until its standard output or its standard error holds the text `needle`.
 * FALSE: VMB_ERROR_MISMATCH, it ended without; else as vmb_program_wait().
 */
gboolean vmb_program_wait_output(VmbProgram *program, const char *needle, guint ms, GError **error);

/* True when the output is what is waited for. Called when there is more of it. */
typedef gboolean (*VmbProgramTest)(gpointer data, const VmbProgramResult *result);

/* The same with a test of one's own; `what` completes "PROGRAM ended without ...". */
gboolean vmb_program_wait_until(VmbProgram *program, VmbProgramTest test, gpointer data,
                                const char *what, guint ms, GError **error);

/* Borrowed: its output so far, and how it ended once vmb_program_wait() has returned TRUE. */
const VmbProgramResult *vmb_program_result(const VmbProgram *program);

/*
 * In one go: start `argv` with empty standard input, wait, and take the result. NULL: as
 * vmb_program_start() and vmb_program_wait(); it is killed then.
 */
VmbProgramResult *vmb_agent_link_run(VmbAgentLink *link, const char *const *argv, guint ms,
                                     GError **error);

/*
 * Judge a program's end. FALSE when it is not exit(status): VMB_ERROR_PROGRAM_FAILED or
 * VMB_ERROR_PROGRAM_SIGNAL, with how it ended and the last line of its standard error.
 */
gboolean vmb_program_result_check(const VmbProgramResult *result, const char *program, guint status,
                                  GError **error);

#endif
