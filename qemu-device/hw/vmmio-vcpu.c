/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "exec/cpu-common.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "qemu/rcu.h"
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

/* What runs the vCPU holds an RCU read section, but for cpu_exec_step_atomic(). */
bool vmmio_vcpu_runs_instruction(void)
{
    CPUState *cpu = current_cpu;
    unsigned held = cpu_in_exclusive_context(cpu) ? 0 : 1;

    return cpu->running && get_ptr_rcu_reader()->depth == held;
}

/* mem_io_pc is where in the translated code the access is; 0 for an instruction fetch. */
VmmioVcpu *vmmio_vcpu_current(void)
{
    CPUState *cpu = current_cpu;

    if (!tcg_enabled() || !cpu || !cpu->mem_io_pc) {
        return NULL;
    }
    return get_entry(cpu->cpu_index);
}

static bool same_access(const VmmioOp *a, const VmmioOp *b)
{
    return a->device == b->device && a->addr == b->addr && a->size == b->size &&
           a->is_write == b->is_write && (!a->is_write || a->data == b->data);
}

static void forget(VmmioVcpu *vcpu)
{
    trace_vmmio_parked_forgotten(vcpu->op.addr);
    if (vcpu->progress.request.conn) {
        vmmio_request_end(&vcpu->progress.request);
    }
    vcpu->parked = false;
    vcpu->waits = false;
}

/*
 * The first access since the instruction was taken back. Most instructions make
 * all of them again; a memory copy (Arm's FEAT_MOPS), which logs all its steps
 * and no two equal accesses, goes on with the step that it was in.
 */
static void begin_replay(VmmioVcpu *vcpu, const VmmioOp *op)
{
    vcpu->replayed = 0;
    while (vcpu->replayed < vcpu->logged && !same_access(&vcpu->log[vcpu->replayed], op)) {
        vcpu->replayed++;
    }
}

/* Any other access than expected is by another instruction (a fault, a reset, a debugger). */
static VmmioResume resume_parked(VmmioVcpu *vcpu, bool first, VmmioOp *op)
{
    if (first) {
        begin_replay(vcpu, op);
    }
    if (!first || cpu_io_pc(current_cpu) == vcpu->pc) {
        if (vcpu->replayed < vcpu->logged && same_access(&vcpu->log[vcpu->replayed], op)) {
            *op = vcpu->log[vcpu->replayed++];
            return VMMIO_RESUME_LOGGED;
        }
        if (vcpu->replayed == vcpu->logged && same_access(&vcpu->op, op)) {
            trace_vmmio_resumed(op->addr);
            vcpu->parked = false;
            return VMMIO_RESUME_PARKED;
        }
    }
    forget(vcpu);
    vcpu->logged = first ? 0 : vcpu->replayed;
    return VMMIO_RESUME_NEW;
}

VmmioResume vmmio_vcpu_resume(VmmioVcpu *vcpu, VmmioOp *op)
{
    bool first = !current_cpu->neg.io_continues;

    current_cpu->neg.io_continues = true;
    if (vcpu->parked) {
        return resume_parked(vcpu, first, op);
    }
    if (first) {
        vcpu->logged = 0;
    }
    return VMMIO_RESUME_NEW;
}

void vmmio_vcpu_log(VmmioVcpu *vcpu, const VmmioOp *op)
{
    if (vcpu->logged == VMMIO_LOG_SIZE) {
        vcpu->logged /= 2;
        memmove(vcpu->log, vcpu->log + vcpu->logged, vcpu->logged * sizeof(*op));
    }
    vcpu->log[vcpu->logged++] = *op;
    vcpu->waits = false;
}

void vmmio_vcpu_park(VmmioVcpu *vcpu, const VmmioOp *op, run_on_cpu_func wait)
{
    trace_vmmio_parked(op->addr);
    vcpu->parked = true;
    vcpu->waits = true;
    vcpu->op = *op;
    vcpu->pc = cpu_io_pc(current_cpu);
    if (cpu_in_exclusive_context(current_cpu)) {
        async_run_on_cpu(current_cpu, wait, RUN_ON_CPU_HOST_PTR(vcpu));
    }
    cpu_loop_exit_restart_io(current_cpu);
}

const VmmioVcpu *vmmio_vcpu_waiting(const void *device)
{
    for (unsigned i = 0; vcpus && i < current_machine->smp.max_cpus; i++) {
        if (vcpus[i] && vcpus[i]->waits && vcpus[i]->op.device == device) {
            return vcpus[i];
        }
    }
    return NULL;
}

void vmmio_vcpu_forget_parked(const void *device)
{
    for (unsigned i = 0; vcpus && i < current_machine->smp.max_cpus; i++) {
        if (vcpus[i] && vcpus[i]->parked && vcpus[i]->op.device == device) {
            forget(vcpus[i]);
        }
    }
}
