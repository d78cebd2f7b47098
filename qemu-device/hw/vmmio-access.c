/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "hw/core/cpu.h"
#include "system/kvm.h"
#include "system/qtest.h"
#include "system/runstate.h"
#include "system/tcg.h"
#include "vmmio.h"
#include "vmmio-access.h"
#include "vmmio-board.h"
#include "vmmio-events.h"
#include "vmmio-vcpu.h"
#include "trace.h"

/*
 * How long a vCPU stays in an access that nobody wants it back from: not every
 * RCU grace period asks, nor do other vCPUs that run on the same thread.
 */
#define STAY_NS (10 * SCALE_MS)

/* One access under way. */
typedef struct Access {
    VmmioState *s;
    VmmioOp *op;
    MemTxAttrs attrs;
    VmmioVcpu *vcpu; /* NULL when the access cannot be taken back */
    VmmioProgress *progress;
} Access;

bool vmmio_policy_parse(const char *property, const char *text, VmmioPolicy *policy,
                        Error **errp)
{
    static const char *const names[] = {
        [VMMIO_POLICY_FILL] = "fill",
        [VMMIO_POLICY_ERROR] = "error",
        [VMMIO_POLICY_WAIT] = "wait",
    };

    for (int i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(text, names[i])) {
            *policy = i;
            return true;
        }
    }
    error_setg(errp, "vmmio: %s=%s: write fill, error or wait", property, text);
    return false;
}

/* The `size` lowest bytes (1-8) of a data word, the others zero. */
static uint64_t low_bytes(uint64_t word, unsigned size)
{
    return word & MAKE_64BIT_MASK(0, size * 8);
}

/*
 * The monitor, a debugger and the DMA of other devices see the range as
 * unclaimed: their thread may not wait, and a device that is half way through a
 * transfer in a vCPU's thread cannot be left. Nor can what QEMU does for an
 * instruction, as a page table walk. qtest has nobody else to make an access for
 * it. KVM does not mark all accesses of a vCPU as such.
 */
static bool reaches_handler(MemTxAttrs attrs)
{
    if (!current_cpu) {
        return qtest_enabled();
    }
    if (tcg_enabled() && !vmmio_vcpu_runs_instruction()) {
        return false;
    }
    return (!attrs.unspecified || kvm_enabled()) && !attrs.debug;
}

/* Time that the VM runs, also when -icount slows QEMU_CLOCK_VIRTUAL down. */
static QEMUClockType access_clock(void)
{
    return current_cpu ? QEMU_CLOCK_VIRTUAL_RT : QEMU_CLOCK_REALTIME;
}

static VmmioWait make_wait(const Access *a)
{
    VmmioWait wait = {
        .begin_ns = get_clock(),
        .cpu = current_cpu,
        .restartable = a->vcpu != NULL,
        .leave_ns = INT64_MAX,
        .clock = access_clock(),
        .deadline_ns = a->progress->deadline_ns,
        .poll_ns = (int64_t)a->s->poll_us * SCALE_US,
    };

    /* A vCPU that has left its instruction, in wait_outside(), holds up nobody. */
    if (a->vcpu && current_cpu->running) {
        wait.leave_ns = wait.begin_ns + STAY_NS;
        if (cpu_in_exclusive_context(current_cpu)) {
            wait.leave_ns = wait.poll_ns = 0; /* all others wait for it */
        }
    }
    return wait;
}

static void start_deadline(const Access *a)
{
    int64_t now = qemu_clock_get_ns(access_clock());
    int64_t timeout = (int64_t)a->s->timeout_ms * SCALE_MS;

    a->progress->started_ns = now;
    a->progress->deadline_ns = timeout ? now + timeout : INT64_MAX;
}

static void make_request(const Access *a, uint8_t opcode, uint8_t block[VMMIO_BLOCK])
{
    static const uint64_t unclaimed[4] = { VMMIO_FILL_WORD, VMMIO_FILL_WORD, VMMIO_FILL_WORD,
                                           VMMIO_FILL_WORD };
    const VmmioOp *op = a->op;
    struct vmmio_packet p = {
        .iface = a->s->range.index,
        .opcode = opcode,
        .size = op->size,
        .flags = vmmio_board_access_flags(a->attrs),
        .byte_enable = op->is_write ? vmmio_byte_enable_mask(op->size) : 0,
        .addr = op->addr,
    };

    vmmio_encode(&p, block);
    if (op->is_write) {
        vmmio_block_store(block, 3, op->data);
    } else {
        vmmio_block_store_data(block, 3, unclaimed, sizeof(unclaimed));
    }
}

/* Without `wait` it does not wait for room, and the BQL may be held. */
static VmmioOutcome post(const Access *a, const VmmioWait *wait)
{
    VmmioConn *conn = vmmio_endpoint_holder(a->s->endpoint, &a->s->range);
    uint8_t block[VMMIO_BLOCK];
    VmmioOutcome outcome;

    if (!conn) {
        return VMMIO_LOST;
    }
    make_request(a, VMMIO_OP_WRITE, block);
    outcome = vmmio_conn_post(conn, block, wait);
    vmmio_conn_unref(conn);
    return outcome;
}

static bool is_posted(const Access *a)
{
    return a->op->is_write && a->s->posted_writes;
}

/* Ask the handler, or go on waiting for it. LOST when there is none. BQL not held. */
static VmmioOutcome ask(const Access *a)
{
    VmmioRequest *request = &a->progress->request;
    VmmioWait wait = make_wait(a);

    if (is_posted(a)) {
        return post(a, &wait);
    }
    if (!request->conn) {
        VmmioConn *conn = vmmio_endpoint_holder(a->s->endpoint, &a->s->range);

        if (!conn) {
            return VMMIO_LOST;
        }
        make_request(a, a->op->is_write ? VMMIO_OP_WRITEA : VMMIO_OP_READ, request->block);
        vmmio_request_start(request, conn);
    }
    return vmmio_request_wait(request, &wait);
}

static VmmioOutcome wait_for_claim(const Access *a)
{
    VmmioWait wait = make_wait(a);

    return vmmio_endpoint_wait_claim(a->s->endpoint, &a->s->range, &wait);
}

static VmmioOutcome without_bql(const Access *a, VmmioOutcome (*step)(const Access *a))
{
    bool locked = bql_locked();
    VmmioOutcome outcome;

    if (locked) {
        bql_unlock();
    }
    outcome = step(a);
    if (locked) {
        bql_lock();
    }
    return outcome;
}

static void finish_unclaimed(VmmioOp *op)
{
    op->result = MEMTX_OK;
    if (!op->is_write) {
        op->data = low_bytes(VMMIO_FILL_WORD, op->size);
    }
}

/* x86 ignores the result: the error has to show in the data. */
static void finish_error(VmmioOp *op)
{
    op->result = MEMTX_ERROR;
    if (!op->is_write) {
        op->data = low_bytes(UINT64_MAX, op->size);
    }
}

/* False when the policy is to go on waiting. */
static bool finish_by_policy(VmmioOp *op, VmmioPolicy policy)
{
    switch (policy) {
    case VMMIO_POLICY_FILL:
        finish_unclaimed(op);
        return true;
    case VMMIO_POLICY_ERROR:
        finish_error(op);
        return true;
    default:
        return false;
    }
}

static void drop_request(const Access *a)
{
    if (a->progress->request.conn) {
        vmmio_request_end(&a->progress->request);
    }
}

static void finish_answered(const Access *a)
{
    const uint8_t *block = a->progress->request.block;
    bool posted = !a->progress->request.conn;
    struct vmmio_packet reply = { 0 };

    if (!posted) {
        vmmio_decode(block, &reply);
        vmmio_stats_answered(&a->s->stats,
                             qemu_clock_get_ns(access_clock()) - a->progress->started_ns,
                             reply.error);
    }
    drop_request(a);
    if (reply.error) {
        finish_error(a->op);
        return;
    }
    a->op->result = MEMTX_OK;
    if (!a->op->is_write) {
        a->op->data = low_bytes(reply.data[0], a->op->size);
    }
}

/*
 * True when the VM was stopped to be saved, by whatever command. The run state
 * tells it at all times; QEMU's migration object is gone while QEMU quits.
 */
static bool is_saving(void)
{
    return current_cpu->stop &&
           (runstate_check(RUN_STATE_FINISH_MIGRATE) || runstate_check(RUN_STATE_SAVE_VM));
}

/* Wait for what the parked access waits for, but do nothing about it. BQL not held. */
static VmmioOutcome await_parked(const Access *a)
{
    VmmioWait wait = make_wait(a);
    VmmioConn *conn;
    VmmioOutcome outcome;

    if (a->progress->request.conn) {
        return vmmio_request_wait(&a->progress->request, &wait);
    }
    conn = vmmio_endpoint_holder(a->s->endpoint, &a->s->range);
    if (!conn) {
        return wait_for_claim(a);
    }
    outcome = vmmio_conn_wait_for_room(conn, &wait);
    vmmio_conn_unref(conn);
    return outcome;
}

/* In the thread of a vCPU that has left an exclusive section: see vmmio_vcpu_park(). */
static void wait_outside(CPUState *cpu, run_on_cpu_data data)
{
    VmmioVcpu *vcpu = data.host_ptr;
    Access a = { .s = vcpu->op.device, .op = &vcpu->op, .vcpu = vcpu,
                 .progress = &vcpu->progress };

    if (vcpu->parked && !cpu_is_stopped(cpu)) {
        without_bql(&a, await_parked);
    }
}

/*
 * Something wants the vCPU. Only a VM that is about to be saved, and a vCPU that
 * cannot be taken back, end the access; this does not return otherwise.
 */
static void give_way(const Access *a)
{
    bool saving = is_saving();

    if (a->vcpu && !(saving && a->s->on_disconnect != VMMIO_POLICY_WAIT)) {
        vmmio_vcpu_park(a->vcpu, a->op, wait_outside);
    }
    drop_request(a);
    if (!finish_by_policy(a->op, a->s->on_disconnect)) {
        finish_unclaimed(a->op);
    }
}

/* The handler does not answer in time. False when the access goes on. */
static bool handle_timeout(const Access *a)
{
    const VmmioConn *conn = a->progress->request.conn;

    trace_vmmio_timed_out(a->s->range.name, a->op->addr);
    vmmio_stats_timed_out(&a->s->stats);
    vmmio_event_timed_out(a->s, conn ? conn->peer : NULL, a->op->addr, a->op->size,
                          a->op->is_write);
    if (finish_by_policy(a->op, a->s->on_timeout)) {
        drop_request(a);
        return true;
    }
    a->progress->until_claimed = true;
    a->progress->deadline_ns = INT64_MAX;
    return false;
}

/* No handler, or no more. False when the access goes on with the next handler. */
static bool handle_loss(const Access *a)
{
    bool asked = a->progress->request.conn;

    trace_vmmio_unanswered(a->s->range.name, a->op->addr);
    if (asked) {
        vmmio_stats_lost(&a->s->stats);
    }
    drop_request(a);
    if (!a->progress->until_claimed && finish_by_policy(a->op, a->s->on_disconnect)) {
        if (!asked) {
            vmmio_stats_unclaimed(&a->s->stats);
        }
        return true;
    }
    if (without_bql(a, wait_for_claim) == VMMIO_INTERRUPTED) {
        give_way(a);
        return true;
    }
    a->progress->until_claimed = false;
    start_deadline(a);
    return false;
}

static VmmioFinisher ask_until_finished(const Access *a)
{
    for (;;) {
        switch (without_bql(a, ask)) {
        case VMMIO_ANSWERED:
            finish_answered(a);
            return VMMIO_BY_HANDLER;
        case VMMIO_LOST:
            if (handle_loss(a)) {
                return VMMIO_BY_POLICY;
            }
            break;
        case VMMIO_TIMED_OUT:
            if (handle_timeout(a)) {
                return VMMIO_BY_POLICY;
            }
            break;
        default:
            give_way(a);
            return VMMIO_BY_POLICY;
        }
    }
}

static VmmioFinisher ask_handler(VmmioState *s, VmmioVcpu *vcpu, bool resumed, VmmioOp *op,
                                 MemTxAttrs attrs)
{
    VmmioProgress local;
    Access a = { s, op, attrs, vcpu, vcpu ? &vcpu->progress : &local };

    if (!resumed) {
        a.progress->request.conn = NULL;
        a.progress->until_claimed = false;
        /* The usual posted write costs neither the BQL nor a clock. */
        if (is_posted(&a) && post(&a, NULL) == VMMIO_ANSWERED) {
            finish_answered(&a);
            return VMMIO_BY_HANDLER;
        }
        start_deadline(&a);
    }
    return ask_until_finished(&a);
}

/* Whether somebody else than the fallback has a say in what an access brings. */
static bool is_handled(const VmmioState *s)
{
    return vmmio_range_is_held(&s->range) ||
           (s->on_disconnect != VMMIO_POLICY_FILL && vmmio_range_was_claimed(&s->range));
}

VmmioFinisher vmmio_access(VmmioState *s, VmmioOp *op, MemTxAttrs attrs)
{
    bool handled = reaches_handler(attrs);
    VmmioVcpu *vcpu = handled ? vmmio_vcpu_current() : NULL;
    VmmioResume resume = vcpu ? vmmio_vcpu_resume(vcpu, op) : VMMIO_RESUME_NEW;
    VmmioFinisher finisher = VMMIO_BY_FALLBACK;

    if (resume == VMMIO_RESUME_LOGGED) {
        return VMMIO_BY_LOG;
    }
    if (resume == VMMIO_RESUME_PARKED || (handled && is_handled(s))) {
        finisher = ask_handler(s, vcpu, resume == VMMIO_RESUME_PARKED, op, attrs);
    } else {
        vmmio_stats_unclaimed(&s->stats);
        finish_unclaimed(op);
    }
    vmmio_stats_count(&s->stats, op->is_write, op->size);
    if (vcpu) {
        vmmio_vcpu_log(vcpu, op);
    }
    return finisher;
}
