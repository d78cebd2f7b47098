/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU process that a test drives over socket pairs: qtest commands on one,
 * QMP on the other, and all that it prints on standard error kept for the test.
 *
 * A step that does not succeed within QTEST_SECONDS, or the end of QEMU, fails
 * the running Check test and shows what QEMU printed. QEMU dies with the
 * process that started it, so a failed test leaves nothing behind. One thread.
 */
#ifndef TESTS_QTEST_H
#define TESTS_QTEST_H

#include <gio/gio.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define QTEST_SECONDS 30
#define QTEST_IRQS_MAX 1024

struct qtest {
    pid_t pid;
    int pidfd;
    int stderr_fd; /* a file in memory */
    GSocketConnection *commands;
    GDataInputStream *answers;
    GSocketConnection *qmp;
    GDataInputStream *qmp_answers;
    bool irq_level[QTEST_IRQS_MAX]; /* of the intercepted inputs, as reported so far */
};

/*
 * Start $QEMU_DIR/bin/qemu-system-SYSTEM without display and default devices.
 * The rest is its command line, quoted as for a shell; it names the accelerator.
 */
void qtest_start(struct qtest *vm, const char *system, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* End QEMU in order, which must work: exit status 0. No access may be waiting. */
void qtest_stop(struct qtest *vm);

/* Wait until QEMU has ended by itself. Returns its exit status; frees all but standard error. */
int qtest_wait_exit(struct qtest *vm);

/* What QEMU has printed on standard error so far. The caller frees it. */
char *qtest_stderr(const struct qtest *vm);

/* Wait until `text` is part of that. */
void qtest_await_stderr(const struct qtest *vm, const char *text);
void qtest_await_stderr_twice(const struct qtest *vm, const char *text);

/* Send one qtest command without waiting for its answer. */
void qtest_send(struct qtest *vm, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The answer to the oldest command without one, less its "OK". The caller frees it. */
char *qtest_answer(struct qtest *vm);

/* The same for a read of 1, 2, 4 or 8 bytes. */
uint64_t qtest_answer_value(struct qtest *vm);

/* Start an access of 1, 2, 4 or 8 bytes without waiting until it is done. */
void qtest_send_read(struct qtest *vm, unsigned size, uint64_t addr);
void qtest_send_write(struct qtest *vm, unsigned size, uint64_t addr, uint64_t value);

/* A whole access. */
uint64_t qtest_read(struct qtest *vm, unsigned size, uint64_t addr);
void qtest_write(struct qtest *vm, unsigned size, uint64_t addr, uint64_t value);

/*
 * To be called before QEMU starts, if it will not give back all of its memory: a build with
 * LeakSanitizer would end with an error.
 */
void qtest_allow_leaks(void);

/*
 * Report the levels of a device's GPIO inputs from now on. Once a VM, which needs qtest_allow_leaks(): QEMU
 * writes one IRQ over another, whose properties are lost.
 */
void qtest_intercept_irqs(struct qtest *vm, const char *qom_path);

/* Wait until the intercepted input has that level. */
void qtest_await_irq(struct qtest *vm, unsigned input, bool level);

/* End the test: print what QEMU printed, then the message. */
void qtest_fail(const struct qtest *vm, const char *format, ...)
    G_GNUC_PRINTF(2, 3) G_GNUC_NORETURN;

#endif
