/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM as in device.h whose CPU runs a few instructions under TCG, so that an
 * access waits in a vCPU thread and the rest of QEMU goes on.
 */
#ifndef TESTS_GUEST_H
#define TESTS_GUEST_H

#include "device.h"

/* Where the program is: also the vector of a synchronous exception at EL1, as VBAR_EL1 is 0. */
#define GUEST_CODE 0x200

/* RAM that programs leave results in. */
#define GUEST_RESULTS UINT64_C(0x40300000)

/*
 * Put the words at GUEST_CODE into the machine's flash, CPU 0 about to execute
 * the first, and do not let it run yet: `cont` over QMP does. `machine` is more
 * of the command line, `properties` those of the device.
 */
void guest_start(struct qtest *vm, const char *machine, const char *properties,
                 const uint32_t *words, size_t count);

/* The same, but the peer has claimed range 0 of vmmio0 and the CPU runs. */
void guest_run(struct qtest *vm, struct peer *peer, const char *machine, const char *properties,
               const uint32_t *words, size_t count);

/* Reads 0xfef00000 for ever; leaves the value and the number of reads at GUEST_RESULTS. */
void guest_start_reader(struct qtest *vm, const char *machine, const char *properties);

/*
 * The syndrome (ESR_EL1) of a read that ends with a bus error: data abort at EL1
 * (class 0x25 << 26), 32-bit instruction (1 << 25), external: EA and 0x10.
 */
#define GUEST_READ_ABORT 0x96000210

/* Reads 0xfef00000 once; leaves the syndrome at GUEST_RESULTS if that is an abort. */
void guest_start_aborting_reader(struct qtest *vm, const char *machine, const char *properties);

/* Wait until the 4-byte word at GUEST_RESULTS + offset has that value. */
void guest_await_result(struct qtest *vm, unsigned offset, uint32_t value);

/* Wait until it is that value or more. */
void guest_await_at_least(struct qtest *vm, unsigned offset, uint32_t value);

#endif
