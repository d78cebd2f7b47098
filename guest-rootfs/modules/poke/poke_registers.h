/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The poke device as its driver sees it: it takes a text, does something about it, and says when it
 * has. Read by the driver (poke.c) and by the device (harness/scenarios/poke).
 *
 * Registers have 4 bytes, little-endian, but for DATA.
 *
 *   offset  name     access
 *   0x00    ID       read   POKE_ID: the device is there
 *   0x04    COMMAND  write  POKE_RESET: forget the text, stop working on it, become idle
 *                           POKE_START: work on the text
 *                           POKE_START_IRQ: the same, and raise line 0 at the end
 *   0x08    DATA     write  1, 2, 4 or 8 bytes: so many more of the text
 *   0x0c    STATUS   read   POKE_IDLE, POKE_BUSY, POKE_DONE or POKE_FAILED
 *
 * STATUS stays DONE or FAILED, and line 0 high after POKE_START_IRQ, until POKE_RESET. A start that
 * is none (too long a text, or BUSY already) ends as FAILED. No access is a bus error, which would
 * be the end of a kernel that made it: what is not in the table reads 0 and is not written to. A
 * reset of the VM does what POKE_RESET does.
 */
#ifndef POKE_REGISTERS_H
#define POKE_REGISTERS_H

enum { POKE_REG_ID = 0x00, POKE_REG_COMMAND = 0x04, POKE_REG_DATA = 0x08, POKE_REG_STATUS = 0x0c };

enum { POKE_ID = 0x454b4f50 }; /* the bytes "POKE" */

enum { POKE_RESET = 0, POKE_START = 1, POKE_START_IRQ = 2 };

enum { POKE_IDLE = 0, POKE_BUSY = 1, POKE_DONE = 2, POKE_FAILED = 3 };

enum { POKE_TEXT_MAX = 65536 }; /* bytes */

#endif
