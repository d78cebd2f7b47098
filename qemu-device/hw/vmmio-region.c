/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory region of a range: QEMU's calls become accesses, and each leaves a line in the trace. */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "vmmio.h"
#include "vmmio-access.h"
#include "vmmio-vcpu.h"
#include "trace.h"

/*
 * One line of the trace for each access as the guest sees it, when it is over. Of one that was taken
 * back the latency is that of its last part.
 */
static void make_traced_access(VmmioState *s, VmmioOp *op, MemTxAttrs attrs)
{
    static const char *const ends[] = {
        [VMMIO_BY_HANDLER] = "handler", [VMMIO_BY_POLICY] = "unanswered",
        [VMMIO_BY_FALLBACK] = "unclaimed",
    };
    int64_t start = get_clock();
    int64_t time = g_get_real_time();
    VmmioFinisher finisher = vmmio_access(s, op, attrs);

    if (finisher != VMMIO_BY_LOG) {
        trace_vmmio_access(s->range.name, time, op->is_write ? "write" : "read", op->addr,
                           op->size, op->data,
                           op->result == MEMTX_OK ? ends[finisher] : "bus-error",
                           get_clock() - start);
    }
}

static void do_access(VmmioState *s, VmmioOp *op, MemTxAttrs attrs)
{
    if (trace_event_get_state_backends(TRACE_VMMIO_ACCESS)) {
        make_traced_access(s, op, attrs);
    } else {
        vmmio_access(s, op, attrs);
    }
}

static MemTxResult vmmio_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size,
                              MemTxAttrs attrs)
{
    VmmioState *s = opaque;
    VmmioOp op = { .device = s, .addr = s->start + offset, .size = size };

    do_access(s, &op, attrs);
    *data = op.data;
    trace_vmmio_read(s->range.name, op.addr, size, op.data);
    return op.result;
}

static MemTxResult vmmio_write(void *opaque, hwaddr offset, uint64_t data, unsigned size,
                               MemTxAttrs attrs)
{
    VmmioState *s = opaque;
    VmmioOp op = { .device = s, .addr = s->start + offset, .size = size, .is_write = true,
                   .data = data & MAKE_64BIT_MASK(0, size * 8) };

    trace_vmmio_write(s->range.name, op.addr, size, op.data);
    do_access(s, &op, attrs);
    return op.result;
}

/* The bytes behind the range's end are not the handler's to answer. */
static bool vmmio_accepts(void *opaque, hwaddr offset, unsigned size, bool is_write,
                          MemTxAttrs attrs)
{
    VmmioState *s = opaque;

    return size <= s->size - offset;
}

const MemoryRegionOps vmmio_ops = {
    .read_with_attrs = vmmio_read,
    .write_with_attrs = vmmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true,
               .accepts = vmmio_accepts },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};
