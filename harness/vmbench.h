/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests in tests written in C: boot one, or restore it from a snapshot, run programs in it and
 * handlers outside of it, and look at bytes. docs/vmbench-library.md is the guide.
 *
 *     g_autoptr(GError) error = NULL;
 *     const VmbenchOptions options = {.machine = "raspi4b"};
 *     g_autoptr(Vmbench) bench = vmbench_boot(&options, &error);
 *     const char *const hello[] = {"hello", NULL};
 *     g_autoptr(GBytes) output = bench != NULL ? vmbench_run(bench, hello, &error) : NULL;
 *
 *     if (output == NULL || !vmbench_compare(output, "Hello, World!\n", 14, &error)) {
 *         fprintf(stderr, "%s: %s\n", vmb_verdict_name(error->code), error->message);
 *     }
 *
 * Errors. A function that can fail takes a GError ** (NULL: say nothing) and then returns FALSE or
 * NULL. The error is of the domain VMB_ERROR: its code is the verdict (vmbench-error.h), its
 * message one line for people, only that of vmbench_compare() has more. Beside those that a
 * function names, any that waits can fail of what befalls the guest meanwhile: VMB_ERROR_PANIC,
 * VMB_ERROR_OOPS, VMB_ERROR_QEMU_DIED, VMB_ERROR_HANDLER_DIED, VMB_ERROR_RESET,
 * VMB_ERROR_KERNEL_HANG, VMB_ERROR_PROTOCOL. Each further call then fails of the same: free the
 * guest.
 *
 * Waiting. Each wait ends after options->timeout_ms. It runs GLib's default main context, in which
 * sources of your own run too.
 *
 * Threads. All calls must come from one thread, which may be any if no other runs the default main
 * context; QEMU and the handlers end when that thread does, at the latest. A process can have
 * several guests. Nothing is kept in global variables, so a forked child (Check's CK_FORK) can
 * boot its own; a guest booted before the fork is the parent's alone.
 *
 * Files. Programs, kernels and images are those of the build that the library comes from; the
 * environment names others: VMBENCH_QEMU_DIR, VMBENCH_GUEST_DIR, VMBENCH_IMAGES, VMBENCH_ACCEL and
 * so on, as for `vmbench run`. Snapshots are shared with that, in ~/.cache/vmmio-bench/snapshots.
 */
#ifndef VMBENCH_H
#define VMBENCH_H

#include "vmbench-error.h"

G_BEGIN_DECLS

/* ---- A guest ---- */

typedef struct Vmbench Vmbench;

/* What to boot. Members that are 0 or NULL mean "as usual"; nothing is needed after the boot. */
typedef struct {
    const char *machine;       /* "raspi4b" or "x86"; must be set */
    const char *const *ranges; /* one or more, each the properties of a vmmio device,
                                  "start=0xfef00000,size=0x1000,on-disconnect=error"; those
                                  without listen= share an endpoint. Ends with NULL. As usual:
                                  the range of the example */
    const char *const *files;  /* to add to the guest's image, "HOST:GUEST[:MODE[:UID:GID]]" as
                                  `vmbench boot --add` takes them; ends with NULL. As usual: none */
    const char *append;        /* more words for the kernel's command line. As usual: none */
    gboolean resets;           /* vmbench_reset() may be called */
    gboolean cold;             /* boot, and leave snapshots alone */
    const char *logs;          /* a directory, made when it is not there, that console.log,
                                  qemu.log and the handlers' logs stay in. As usual: they are
                                  removed with the guest */
    guint timeout_ms;          /* of each wait but the boot, milliseconds. As usual: 30000 */
    double timeout_scale;      /* multiplies each time, the boot's 60 s too. As usual: 1 */
} VmbenchOptions;

/*
 * Boot a guest, or restore it, and wait for its agent. NULL: VMB_ERROR_USAGE, the options are
 * wrong; VMB_ERROR_SETUP, a file, directory or program is not usable; VMB_ERROR_BOOT_TIMEOUT. Free
 * with vmbench_free().
 */
Vmbench *vmbench_boot(const VmbenchOptions *options, GError **error);

/* Kills QEMU and the handlers; what belongs to it is no longer valid. `bench` may be NULL. */
void vmbench_free(Vmbench *bench);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vmbench, vmbench_free)

/* TRUE: it came from a snapshot. */
gboolean vmbench_is_restored(const Vmbench *bench);

/*
 * FALSE: something has befallen the guest or a handler; VMB_ERROR_PROTOCOL, too, when a program that has
 * ended wrote to the results line, which is the agent's. Waits only for what the kernel has begun to tell
 * of an oops, for a second. Call it behind a test: what comes to light after the last wait is told here.
 */
gboolean vmbench_check(Vmbench *bench, GError **error);

/*
 * Reset the machine as its reset button does, and wait until it has booted again. Handlers stay
 * connected; programs end, and a wait for one fails with VMB_ERROR_RESET. FALSE: VMB_ERROR_USAGE,
 * options->resets was not set; VMB_ERROR_BOOT_TIMEOUT.
 */
gboolean vmbench_reset(Vmbench *bench, GError **error);

/* ---- Programs in the guest ---- */

typedef struct {
    const char *const *argv;        /* ends with NULL; argv[0] is looked up on the guest's PATH */
    const char *const *environment; /* NAME=VALUE, ends with NULL; NULL: none but the agent's */
    const char *directory;          /* NULL: / */
    const void *input;              /* its standard input, `input_len` bytes; NULL: empty */
    gsize input_len;
    gboolean keep_input;            /* more follows by vmbench_program_send() */
} VmbenchCommand;

/* What a program has done. Clear it with vmbench_outcome_clear(). */
typedef struct {
    GBytes *out;     /* standard output; together with `err` at most 16 MiB */
    GBytes *err;     /* standard error */
    gboolean exited; /* TRUE: by exit(value); FALSE: killed by signal number `value` */
    guint value;
} VmbenchOutcome;

/* Frees what it holds and makes it all 0; may be called again. */
void vmbench_outcome_clear(VmbenchOutcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VmbenchOutcome, vmbench_outcome_clear)

/*
 * Run a program, without input, to its end, which must be exit(0), and return its standard output;
 * free with g_bytes_unref(). NULL: VMB_ERROR_PROGRAM_FAILED or VMB_ERROR_PROGRAM_SIGNAL, it ended
 * otherwise, with its last words; else as vmbench_run_command().
 */
GBytes *vmbench_run(Vmbench *bench, const char *const *argv, GError **error);

/*
 * Run a program to its end, whichever that is. *outcome is overwritten, with zeros on failure.
 * FALSE: VMB_ERROR_PROGRAM_MISSING, the guest cannot execute it; VMB_ERROR_PROGRAM_TIMEOUT, it did
 * not end in time and was killed; VMB_ERROR_PROGRAM_FAILED, it printed too much; VMB_ERROR_SETUP,
 * the command is too long.
 */
gboolean vmbench_run_command(Vmbench *bench, const VmbenchCommand *command,
                             VmbenchOutcome *outcome, GError **error);

/* A program that runs meanwhile. It belongs to the guest's handle, and is valid as long as that. */
typedef struct VmbenchProgram VmbenchProgram;

/* Start a program, up to 16 at a time. NULL: VMB_ERROR_SETUP, the command is too long. */
VmbenchProgram *vmbench_start(Vmbench *bench, const VmbenchCommand *command, GError **error);

/*
 * Queue bytes for its standard input; dropped unless the command has keep_input. Of length 0: its
 * input ends here.
 */
void vmbench_program_send(VmbenchProgram *program, const void *bytes, gsize len);

/* Send a signal to its process group, by the guest's number; ignored when it has ended. */
void vmbench_program_signal(VmbenchProgram *program, int number);

/*
 * Wait until its standard output or standard error holds `text`. FALSE: VMB_ERROR_MISMATCH, it
 * ended without; else as vmbench_run_command(), but it runs on when the time is over.
 */
gboolean vmbench_program_wait_output(VmbenchProgram *program, const char *text, GError **error);

/* Wait for its end. As vmbench_run_command(), but it runs on when the time is over. */
gboolean vmbench_program_wait(VmbenchProgram *program, VmbenchOutcome *outcome, GError **error);

/* ---- Handlers ---- */

/* A program outside that models hardware. It belongs to the guest's handle in the same way. */
typedef struct VmbenchHandler VmbenchHandler;

/*
 * Where a handler connects to for range number `range`, "127.0.0.1:43215"; free with g_free().
 * NULL: VMB_ERROR_USAGE, there is no such range.
 */
char *vmbench_endpoint(Vmbench *bench, guint range, GError **error);

/*
 * Start a handler for range number `range`, without waiting for its claim. argv ends with NULL;
 * argv[0] is a path, one of the bench's handlers ("vmmio-test-outside") or looked up in PATH; a
 * file *.py that is not executable is run by the Python that the bench was built with, and the
 * module coreio is in reach of any. The endpoint takes the place of the word {endpoint}, else it is
 * the last argument. When it ends before vmbench_handler_stop() or vmbench_handler_kill(), what
 * waits fails with VMB_ERROR_HANDLER_DIED. NULL: VMB_ERROR_USAGE, there is no such range;
 * VMB_ERROR_SETUP, it cannot be executed.
 */
VmbenchHandler *vmbench_handler_start(Vmbench *bench, guint range, const char *const *argv,
                                      GError **error);

/*
 * Its standard output so far, once that has `lines` lines or the time is over (not an error:
 * comparing shows what is missing), without lines that read `tick`. Free with g_bytes_unref().
 * NULL: only what befell the guest or a handler.
 */
GBytes *vmbench_handler_output(VmbenchHandler *handler, guint lines, GError **error);

/* End it by SIGTERM (after two seconds by SIGKILL), or by SIGKILL as if it had crashed. Once. */
gboolean vmbench_handler_stop(VmbenchHandler *handler, GError **error);
gboolean vmbench_handler_kill(VmbenchHandler *handler, GError **error);

/*
 * Wait until a handler's claim of the range is in effect, or until the VM has noticed that its
 * handler has gone. FALSE: VMB_ERROR_NO_CLAIM, not in time; VMB_ERROR_USAGE, there is no such
 * range.
 */
gboolean vmbench_wait_claim(Vmbench *bench, guint range, GError **error);
gboolean vmbench_wait_release(Vmbench *bench, guint range, GError **error);

/* ---- Bytes ---- */

/*
 * Accesses by a process in the guest. `address` is guest-physical; each access has `width` bytes
 * (1, 2, 4 or 8), of which `address` and `len` are multiples; `len` is 1 to 4096 bytes. FALSE or
 * NULL: VMB_ERROR_USAGE, they are not; VMB_ERROR_PROGRAM_SIGNAL, a bus error (on x86 nobody is
 * told: reads then bring ones); VMB_ERROR_PROGRAM_FAILED, the kernel lets nobody map that address.
 */
GBytes *vmbench_read(Vmbench *bench, guint64 address, guint width, gsize len, GError **error);
gboolean vmbench_write(Vmbench *bench, guint64 address, guint width, const void *bytes, gsize len,
                       GError **error);

/* Read `len` bytes and compare. FALSE: VMB_ERROR_MISMATCH; else as vmbench_read(). */
gboolean vmbench_expect_bytes(Vmbench *bench, guint64 address, guint width, const void *bytes,
                              gsize len, GError **error);

/*
 * A read of `width` bytes must end in a bus error: SIGBUS on raspi4b, all ones on x86. FALSE:
 * VMB_ERROR_MISMATCH, it went well; else as vmbench_read().
 */
gboolean vmbench_expect_bus_error(Vmbench *bench, guint64 address, guint width, GError **error);

/*
 * FALSE: VMB_ERROR_MISMATCH, `got` is not these bytes, or those of the file; the message's further
 * lines show in hexadecimal what differs. VMB_ERROR_SETUP: the file cannot be read.
 */
gboolean vmbench_compare(GBytes *got, const void *expected, gsize len, GError **error);
gboolean vmbench_compare_file(GBytes *got, const char *path, GError **error);

G_END_DECLS

#endif
