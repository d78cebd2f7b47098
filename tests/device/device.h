/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The usual VM of a device test: Arm `virt` without a CPU that runs, one vmmio
 * device "vmmio0" at 0xfef00000 on a free port of 127.0.0.1. An access that the
 * test sends over qtest runs in QEMU's main thread: QMP is silent until it is
 * answered. guest.h has a VM whose CPU makes the accesses.
 */
#ifndef TESTS_DEVICE_H
#define TESTS_DEVICE_H

#include "peer.h"
#include "qmp.h"
#include "qtest.h"

#include <check.h>

/* The command line of the machine; the CPU has 44 bits of physical address. */
#define DEVICE_VIRT "-M virt -cpu cortex-a57 -m 32"

#define DEVICE_BASE UINT64_C(0xfef00000)
#define DEVICE_UNCLAIMED UINT64_C(0xaaaaaaaaaaaaaaaa)

/* Start the VM, with more properties of the device ("irq=80,ping-ms=0") or "". */
void device_start(struct qtest *vm, const char *properties);

/* Connect to the endpoint of the device of that id. */
void device_connect(struct qtest *vm, const char *id, struct peer *peer);

/* Wait until the device of that id counts this many claims. */
void device_await_claims(struct qtest *vm, const char *id, uint64_t claims);

/* Claim range 0 and wait until vmmio0 counts `claims` claims: the claim is in effect. */
void device_claim(struct qtest *vm, struct peer *peer, uint64_t claims);

/* Both of these on vmmio0, as its first handler. */
void device_connect_and_claim(struct qtest *vm, struct peer *peer);

/* Wait until no connection holds the range of vmmio0. */
void device_await_released(struct qtest *vm);

/* A 4-byte read of DEVICE_BASE that the peer answers must bring what it answers. */
void device_check_read(struct qtest *vm, struct peer *peer);

/* A new client can claim range 0 of vmmio0, is asked, and leaves. No access may be waiting. */
void device_check_fresh_client(struct qtest *vm);

/*
 * QEMU ends at once with exit status 1 and exactly one line, which has these
 * words. `machine` and `devices` are its command line but for the accelerator.
 */
void device_check_refused(const char *system, const char *machine, const char *devices,
                          const char *words);

/* Files that the VM has open; wait until it is that many. */
unsigned device_count_fds(const struct qtest *vm);
void device_await_fds(const struct qtest *vm, unsigned count);

/* Memory that the VM has in use, in KiB. */
long device_resident_kib(const struct qtest *vm);

/* A READ of 4 bytes of range 0 at 0xfef00000, privileged, with any tag. */
#define DEVICE_READ_4                                                                              \
    "00 00 00 00 .. .. .. .."                                                                      \
    "01 00 04 40 00 00 00 00"                                                                      \
    "00 00 f0 fe 00 00 00 00"                                                                      \
    "aa aa aa aa aa aa aa aa"                                                                      \
    "aa aa aa aa aa aa aa aa"                                                                      \
    "aa aa aa aa aa aa aa aa"                                                                      \
    "aa aa aa aa aa aa aa aa"                                                                      \
    "00 00 00 00 00 00 00 00"

/* RGN_CLAIM of range 0: bit 31 and the opcode. */
#define DEVICE_CLAIM_0 "00 00 00 80 00 00 00 00  f0"

/* A test takes at most this long in all; its single steps give up earlier. */
#define DEVICE_TEST_SECONDS 100

/* Make, run and report a suite of one test case with time for a loaded machine. */
int device_run(const char *suite, const TTest *const *tests, size_t count);
#define DEVICE_RUN(suite, ...)                                                                     \
    device_run(suite, (const TTest *const[]){ __VA_ARGS__ },                                       \
               G_N_ELEMENTS(((const TTest *const[]){ __VA_ARGS__ })))

#endif
