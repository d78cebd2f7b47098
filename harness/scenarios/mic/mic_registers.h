/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The microphone as its driver sees it: 16-bit samples that it writes into buffers in RAM, block
 * by block, with an interrupt for each.
 *
 * Registers have 4 bytes, little-endian. Any other access is a bus error, and so is a write that
 * the table refuses.
 *
 *   offset  name          access
 *   0x00    CONTROL       write  1: record from the first sample on; refused while BUSY, and
 *                                until a 0 has ended the recording before.
 *                                0: stop, forget all buffers, clear STATUS but BUSY
 *   0x04    STATUS        read   bit 0 READY  a block is there; the registers below tell of the
 *                                             oldest one
 *                                bit 1 LAST   it ends the recording
 *                                bit 2 FAULT  recording has stopped: a buffer is not in RAM, or
 *                                             the sound is lost
 *                                bit 3 BUSY   a buffer is being written to
 *   0x08    RATE          read   samples a second
 *   0x0c    LENGTH        read   bytes of the block, 0 without one; all but the last have
 *                                MIC_BLOCK_BYTES
 *   0x10    ADDRESS_LOW   write  of a buffer of MIC_BLOCK_BYTES that is contiguous in RAM: bits
 *   0x14    ADDRESS_HIGH  write  31:0 and 63:32 of its physical address
 *   0x18    GIVE          write  any value: the buffer at ADDRESS is the microphone's until its
 *                                block is taken; refused when it has MIC_BUFFERS already
 *   0x1c    TAKE          write  any value: the guest has read the block, its buffer is the guest's
 *                                again; refused without a block
 *   0x20    OVERRUNS      read   blocks of this recording that had no buffer when their time came
 *
 * Line 0 is high while READY or FAULT is set, so a driver that takes one block for each interrupt
 * gets an interrupt for each block. Buffers are filled in the order in which they were given. A
 * block without a buffer waits for one, so that no sample is lost; OVERRUNS tells what a microphone
 * that cannot wait would have lost.
 *
 * Before memory that was given is used for something else: write 0 to CONTROL and wait for the end
 * of BUSY. A reset of the VM stops recording like CONTROL does.
 */
#ifndef MIC_REGISTERS_H
#define MIC_REGISTERS_H

enum {
    MIC_CONTROL = 0x00,
    MIC_STATUS = 0x04,
    MIC_RATE = 0x08,
    MIC_LENGTH = 0x0c,
    MIC_ADDRESS_LOW = 0x10,
    MIC_ADDRESS_HIGH = 0x14,
    MIC_GIVE = 0x18,
    MIC_TAKE = 0x1c,
    MIC_OVERRUNS = 0x20,
};

enum { MIC_READY = 1, MIC_LAST = 2, MIC_FAULT = 4, MIC_BUSY = 8 };

enum { MIC_BLOCK_BYTES = 4096, MIC_BLOCK_SAMPLES = MIC_BLOCK_BYTES / 2, MIC_BUFFERS = 16 };

#endif
