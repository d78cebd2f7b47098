/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handler: the program outside the VM that models the hardware. Its output is
 * kept and logged; its death raises the alarm. Main thread only.
 */
#ifndef VMBENCH_HANDLER_H
#define VMBENCH_HANDLER_H

#include "alarm.h"

typedef struct VmbHandler VmbHandler;

/* Most bytes of standard output, ticks too, and standard error together that are kept and logged. */
#define VMB_HANDLER_OUTPUT_MAX (16u * 1024 * 1024)

/*
 * Start `program ENDPOINT`, which the user may give with --handler. Its standard output goes to
 * LOG_DIR/handler.log, its standard error to LOG_DIR/handler.err. NULL: VMB_ERROR_SETUP, it cannot be
 * executed or a log cannot be written. When it ends before vmb_handler_stop() the alarm is raised with
 * VMB_ERROR_HANDLER_DIED, how it ended and its last words; the same code when it writes more than
 * VMB_HANDLER_OUTPUT_MAX. Free with vmb_handler_free(), which kills it.
 */
VmbHandler *vmb_handler_start(const char *program, const char *endpoint, const char *log_dir,
                              VmbAlarm *alarm, GError **error);
void vmb_handler_free(VmbHandler *handler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbHandler, vmb_handler_free)

/* Told of what a handler prints, as it comes; `data` is the stream's. Must not wait. */
typedef void (*VmbHandlerTap)(gpointer data, const guint8 *bytes, gsize len);

/* How a handler is started. Members that are 0 mean "none". */
typedef struct {
    const char *name;               /* of its logs, NAME.log and NAME.err; NULL: "handler" */
    const char *title;              /* what messages call it; NULL: argv[0] */
    const char *remedy;             /* what to do when it has died; NULL: "try it by hand" */
    const char *const *argv;        /* ends with NULL; argv[0] is a path, or looked up in PATH */
    const char *const *environment; /* NAME=VALUE, added to the harness's own; ends with NULL */
    const char *directory;          /* its working directory; NULL: the harness's */
    gboolean input;                 /* vmb_handler_send() reaches it; else its input is empty */
    gboolean ends;                  /* it may end by itself, with exit status 0 */
    VmbHandlerTap tap;              /* NULL: nobody is told; `data` must outlive the handler */
    gpointer tap_out, tap_err;      /* its data for standard output and for standard error */
} VmbHandlerSpec;

/* The same with all that can be said. */
VmbHandler *vmb_handler_start_spec(const VmbHandlerSpec *spec, const char *log_dir, VmbAlarm *alarm,
                                   GError **error);

/* Send to its standard input; bytes for one that has closed it, or has no input, are dropped. */
void vmb_handler_send(VmbHandler *handler, const void *bytes, gsize len);

/*
 * All of its standard output so far, byte for byte, but the lines that read `tick`, which say
 * nothing but that it lives. Free with g_string_free().
 */
GString *vmb_handler_output(const VmbHandler *handler);

/*
 * Wait up to `ms` (before scaling) until that output has `lines` complete lines. A wait that is too
 * short is no error: comparing shows what is missing. FALSE: only the alarm's error.
 */
gboolean vmb_handler_wait_lines(VmbHandler *handler, guint lines, guint ms, GError **error);

/* How much output is waited for. Members that are 0 ask for nothing. */
typedef struct {
    guint lines; /* complete ones; with more than these nothing else is waited for */
    gsize bytes; /* of which the last ones need not be a line */
    gboolean (*test)(gpointer data, const GString *output); /* whether it is what is wanted, then:
                            asked now and then, as it may take long with much output */
    gpointer data;
} VmbHandlerWanted;

/* The same until it has all that. */
gboolean vmb_handler_wait_output(VmbHandler *handler, const VmbHandlerWanted *wanted, guint ms,
                                 GError **error);

/* Wait until one that `ends` has. VMB_ERROR_PROGRAM_TIMEOUT: it has not in `ms`; what the alarm tells. */
gboolean vmb_handler_wait_end(VmbHandler *handler, guint ms, GError **error);

/* Tie it to a CPU. FALSE: VMB_ERROR_SETUP, it has ended. */
gboolean vmb_handler_pin(const VmbHandler *handler, int cpu, GError **error);

/*
 * End it with SIGKILL, as if it had crashed. FALSE: only the alarm's error, which is
 * VMB_ERROR_HANDLER_DIED when it had ended before.
 */
gboolean vmb_handler_kill(VmbHandler *handler, GError **error);

/*
 * End it with SIGTERM, after two seconds with SIGKILL. FALSE: only the alarm's error, which is
 * VMB_ERROR_HANDLER_DIED when it had ended before, or ended otherwise than by the signal or by exit
 * status 0 (or 143, which is what a shell makes of SIGTERM).
 */
gboolean vmb_handler_stop(VmbHandler *handler, GError **error);

#endif
