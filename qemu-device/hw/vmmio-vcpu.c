/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "exec/cpu-common.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "system/tcg.h"
#include "vmmio-vcpu.h"
#include "trace.h"

/* By cpu_index; an entry is made at the vCPU's first access and stays. */
static VmmioVcpu **vcpus;

static VmmioVcpu *get_entry(int index)
{
    if (!vcpus) {
        vcpus = g_new0(VmmioVcpu *, current_machine->smp.max_cpus);
    }
    if (!vcpus[index]) {
        vcpus[index] = g_new0(VmmioVcpu, 1);
    }
    return vcpus[index];
}

/* mem_io_pc is where in the translated code the access is; 0 for an instruction fetch. */
VmmioVcpu *vmmio_vcpu_current(void)
{
    CPUState *cpu = current_cpu;

    if (!tcg_enabled() || !cpu || !cpu->running || !cpu->mem_io_pc) {
        return NULL;
    }
    return get_entry(cpu->cpu_index);
}

static bool same_access(const VmmioOp *a, const VmmioOp *b)
{
    return a->device == b->device && a->addr == b->addr && a->size == b->size &&
           a->is_write == b->is_write && (!a->is_write || a->data == b->data);
}

/* Where the log has the instruction's first access, the latest that is like op. */
static bool find_in_log(const VmmioVcpu *vcpu, const VmmioOp *op, uint64_t *at)
{
    uint64_t oldest = vcpu->logged > VMMIO_LOG_SIZE ? vcpu->logged - VMMIO_LOG_SIZE : 0;

    for (uint64_t i = vcpu->logged; i-- > oldest;) {
        if (same_access(&vcpu->log[i % VMMIO_LOG_SIZE], op)) {
            *at = i;
            return true;
        }
    }
    return false;
}

static void unpark(VmmioVcpu *vcpu)
{
    vcpu->parked = false;
    vcpu->replaying = false;
}

static void forget(VmmioVcpu *vcpu)
{
    trace_vmmio_parked_forgotten(vcpu->op.addr);
    if (vcpu->progress.request.conn) {
        vmmio_request_end(&vcpu->progress.request);
    }
    unpark(vcpu);
}

/* True when op is the next of the instruction's accesses that were complete. */
static bool replay(VmmioVcpu *vcpu, VmmioOp *op)
{
    const VmmioOp *logged;

    if (!vcpu->replaying) {
        vcpu->replaying = find_in_log(vcpu, op, &vcpu->replay_at);
    }
    if (!vcpu->replaying || vcpu->replay_at == vcpu->logged) {
        return false;
    }
    logged = &vcpu->log[vcpu->replay_at % VMMIO_LOG_SIZE];
    if (!same_access(logged, op)) {
        return false;
    }
    vcpu->replay_at++;
    *op = *logged;
    return true;
}

/*
 * The accesses of one instruction differ from each other, so the parked one is
 * met when all before it were; an access that is neither means that the vCPU
 * has come to another instruction (a reset, a debugger).
 */
VmmioResume vmmio_vcpu_resume(VmmioVcpu *vcpu, VmmioOp *op)
{
    bool replayed_all = !vcpu->replaying || vcpu->replay_at == vcpu->logged;

    if (!vcpu->parked) {
        return VMMIO_RESUME_NEW;
    }
    if (replayed_all && same_access(&vcpu->op, op)) {
        trace_vmmio_resumed(op->addr);
        unpark(vcpu);
        return VMMIO_RESUME_PARKED;
    }
    if (replay(vcpu, op)) {
        return VMMIO_RESUME_LOGGED;
    }
    forget(vcpu);
    return VMMIO_RESUME_NEW;
}

void vmmio_vcpu_park(VmmioVcpu *vcpu, const VmmioOp *op)
{
    trace_vmmio_parked(op->addr);
    vcpu->parked = true;
    vcpu->op = *op;
    cpu_loop_exit_restart_io(current_cpu);
}

void vmmio_vcpu_forget_parked(const void *device)
{
    for (unsigned i = 0; vcpus && i < current_machine->smp.max_cpus; i++) {
        if (vcpus[i] && vcpus[i]->parked && vcpus[i]->op.device == device) {
            forget(vcpus[i]);
        }
    }
}
