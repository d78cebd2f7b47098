/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdicts: what can go wrong with a guest and its programs, as a GError. */
#ifndef VMBENCH_VERDICTS_H
#define VMBENCH_VERDICTS_H

#include <glib.h>

G_BEGIN_DECLS

#define VMB_ERROR (vmb_error_quark())
GQuark vmb_error_quark(void);

/* Each value is also vmbench's exit status, except VMB_ERROR_INTERRUPTED (128 + signal). */
typedef enum {
    VMB_ERROR_MISMATCH = 1,         /* an output differs from its fixture */
    VMB_ERROR_USAGE = 2,            /* wrong command line */
    VMB_ERROR_SETUP = 3,            /* a file, port or program that the run needs is not usable */
    VMB_ERROR_BOOT_TIMEOUT = 4,     /* the guest's agent did not report in time */
    VMB_ERROR_PANIC = 5,            /* the guest kernel panicked */
    VMB_ERROR_QEMU_DIED = 6,        /* QEMU ended by itself, or is silent */
    VMB_ERROR_HANDLER_DIED = 7,     /* the handler ended before it was told to */
    VMB_ERROR_NO_CLAIM = 8,         /* the handler runs but never claimed the range */
    VMB_ERROR_PROGRAM_MISSING = 9,  /* the guest has no such program */
    VMB_ERROR_PROGRAM_FAILED = 10,  /* the program in the guest ended with a wrong exit status */
    VMB_ERROR_PROGRAM_TIMEOUT = 11, /* the program did not end in time; the guest's kernel lives */
    VMB_ERROR_PROTOCOL = 12,        /* QMP, a handler or the results line said what it must not */
    VMB_ERROR_INTERRUPTED = 13,     /* SIGINT, SIGTERM or SIGHUP */
    VMB_ERROR_PROGRAM_SIGNAL = 14,  /* the program in the guest was killed by a signal */
    VMB_ERROR_OOPS = 15,            /* the guest kernel oopsed, and may go on */
    VMB_ERROR_KERNEL_HANG = 16,     /* the guest kernel does not answer, and nothing excuses it */
    VMB_ERROR_RESET = 17,           /* the guest reset or powered off, which nobody asked for */
    VMB_ERROR_SKIPPED = 18,         /* the test cannot be run here */
} VmbErrorCode;

/*
 * The name of a verdict in reports, such as "kernel-hang", for 0 ("pass") and each VmbErrorCode;
 * "unknown" for another number. Names stay as they are. Static storage.
 */
const char *vmb_verdict_name(int code);

G_END_DECLS

#endif
