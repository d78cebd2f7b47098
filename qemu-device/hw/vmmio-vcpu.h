/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leaving an access in the middle, and coming back to it.
 *
 * A vCPU that waits inside an access holds up others: it pins an RCU read
 * section, an exclusive section waits for it, and under single-threaded TCG no
 * other vCPU runs. So when something wants the vCPU, TCG takes the instruction
 * back: the vCPU leaves it through QEMU's main loop and executes it again, with
 * no interrupt in between. Its access then finds what is parked here and goes on
 * waiting for the same reply; the handler sees one request.
 *
 * An instruction can make several accesses. Those that were complete before it
 * was taken back are not made again but answered from a log. TCG tells which
 * access is the first of an instruction (see patch 0007), and its address.
 *
 * KVM completes an access before it lets go of the vCPU, so there this is not
 * used. All functions are called with the BQL held.
 */
#ifndef HW_MISC_VMMIO_VCPU_H
#define HW_MISC_VMMIO_VCPU_H

#include "exec/hwaddr.h"
#include "exec/memattrs.h"
#include "hw/core/cpu.h"
#include "vmmio-conn.h"

/* An access as the guest makes it, and its result. */
typedef struct VmmioOp {
    void *device;
    hwaddr addr;
    unsigned size; /* bytes, 1-8 */
    bool is_write;
    uint64_t data;      /* written, or read */
    MemTxResult result; /* set when the access is complete, as is the data of a read */
} VmmioOp;

/* How far an access that has to wait has come. */
typedef struct VmmioProgress {
    VmmioRequest request; /* under way while request.conn is set */
    int64_t started_ns;   /* of the clock that accesses are measured by */
    int64_t deadline_ns;  /* as in VmmioWait */
    bool until_claimed;   /* it has timed out, but the policy is to go on waiting */
} VmmioProgress;

/*
 * Twice what any one instruction makes (1024 bytes, SVE), as the older half goes
 * when it is full: a memory copy makes more, but needs the last step only.
 */
#define VMMIO_LOG_SIZE 2048

typedef struct VmmioVcpu {
    VmmioOp log[VMMIO_LOG_SIZE]; /* complete accesses of the present instruction */
    unsigned logged;             /* how many */

    bool parked; /* the instruction of `op` was taken back */
    bool waits;  /* it was so at least once, and `op` is not complete yet */
    vaddr pc;    /* its address */
    VmmioOp op;
    VmmioProgress progress;
    unsigned replayed; /* so many log entries are behind the instruction again */
} VmmioVcpu;

/*
 * Whether an instruction that the vCPU of this thread executes makes the access
 * itself. QEMU makes others for it, which can neither wait nor be taken back:
 * page table walks, interrupt messages, DMA that a register write starts. TCG
 * only.
 */
bool vmmio_vcpu_runs_instruction(void);

/*
 * Of the vCPU whose instruction makes the access; NULL when it cannot be taken
 * back: no vCPU, not under TCG, or an instruction fetch.
 */
VmmioVcpu *vmmio_vcpu_current(void);

/* What an access is to do about an instruction that was taken back. */
typedef enum VmmioResume {
    VMMIO_RESUME_NEW,    /* nothing: make the access */
    VMMIO_RESUME_LOGGED, /* the result, now in *op, was there before */
    VMMIO_RESUME_PARKED, /* go on with vcpu->progress */
} VmmioResume;

/* To be called once for each access of the instruction, before it is made. */
VmmioResume vmmio_vcpu_resume(VmmioVcpu *vcpu, VmmioOp *op);

/* The access is complete: remember it, in case that the instruction is taken back. */
void vmmio_vcpu_log(VmmioVcpu *vcpu, const VmmioOp *op);

/*
 * Take the instruction back and release the BQL; vcpu->progress waits for
 * vmmio_vcpu_resume(). An instruction in an exclusive section, which holds up all
 * other vCPUs, would be back there at once: so `wait`, whose data is vcpu, is
 * called first, on this thread, out of the section and with the BQL held. It
 * is to return when there is a point in going on, or something wants the vCPU;
 * at once if nothing is parked any more, or the vCPU is stopped.
 */
G_NORETURN void vmmio_vcpu_park(VmmioVcpu *vcpu, const VmmioOp *op, run_on_cpu_func wait);

/*
 * The device's access that is parked, or goes on after it was; NULL when there is none. Valid while
 * the BQL is held.
 */
const VmmioVcpu *vmmio_vcpu_waiting(const void *device);

/* Forget the parked accesses of all vCPUs to this device. No vCPU runs. */
void vmmio_vcpu_forget_parked(const void *device);

#endif
