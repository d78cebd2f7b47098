/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VM's side of the connection that is fuzzed: the device's own code, driven
 * as several vCPUs and the link thread would drive it, in turn and in one
 * thread. fuzz_model.h tells how each request must end.
 *
 * Where the device would sleep, the script goes on instead (fuzz_vm_sleep()),
 * as if other threads and the peer acted meanwhile; the clock moves only there.
 * A check that fails ends the process with a message.
 */
#ifndef FUZZ_VM_H
#define FUZZ_VM_H

#include <stddef.h>
#include <stdint.h>

/* Play the whole script on a new connection, then end it from outside; all must be freed. */
void fuzz_vm_run(const uint8_t *bytes, size_t len);

/* What the device calls: */

/* Milliseconds of the clock that its deadlines are in. */
int64_t fuzz_vm_clock_ms(void);

/* One of its threads sleeps up to this long: let others act, then move the clock. */
void fuzz_vm_sleep(int milliseconds);

/* It is about to read from its socket. */
void fuzz_vm_before_receive(void);

#endif
