/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "hw/core/cpu.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/resettable.h"
#include "migration/vmstate.h"
#include "system/qtest.h"
#include "vmmio.h"
#include "vmmio-board.h"
#include "vmmio-irq.h"
#include "trace.h"

#define PAGE (4 * KiB)

#define DEFAULT_LISTEN "127.0.0.1:4300"

/* Above the Raspberry Pi's peripheral window, which the board maps at 1. */
#define MAP_PRIORITY 10

/* The `size` lowest bytes (1-8) of a data word, the others zero. */
static uint64_t low_bytes(uint64_t word, unsigned size)
{
    return word & MAKE_64BIT_MASK(0, size * 8);
}

/*
 * The monitor, a debugger and other devices access the range from the main loop's
 * thread, where waiting would stop QMP and every timer: they get the fallback.
 * qtest does so too, but there is nobody else to make an access for it.
 */
static bool may_wait(void)
{
    return current_cpu || qtest_enabled();
}

static VmmioWait access_wait(VmmioState *s)
{
    /* VIRTUAL_RT: the time that the VM runs, also when -icount slows VIRTUAL down. */
    VmmioWait wait = {
        .cpu = current_cpu,
        .clock = current_cpu ? QEMU_CLOCK_VIRTUAL_RT : QEMU_CLOCK_REALTIME,
        .deadline_ns = INT64_MAX,
    };

    if (s->timeout_ms) {
        wait.deadline_ns = qemu_clock_get_ns(wait.clock) + (int64_t)s->timeout_ms * SCALE_MS;
    }
    return wait;
}

/* Ask the handler, with the BQL released. The connection reference is consumed. */
static VmmioOutcome ask(VmmioState *s, VmmioConn *conn, uint8_t block[VMMIO_BLOCK])
{
    VmmioWait wait = access_wait(s);
    bool locked = bql_locked();
    VmmioOutcome outcome;

    if (locked) {
        bql_unlock();
    }
    outcome = vmmio_conn_request(conn, block, &wait);
    vmmio_conn_unref(conn);
    if (locked) {
        bql_lock();
    }
    return outcome;
}

static void make_request(VmmioState *s, uint8_t block[VMMIO_BLOCK], uint8_t opcode,
                         hwaddr offset, unsigned size, MemTxAttrs attrs)
{
    struct vmmio_packet p = {
        .iface = s->range.index,
        .opcode = opcode,
        .size = size,
        .flags = vmmio_board_access_flags(attrs),
        .byte_enable = opcode == VMMIO_OP_READ ? 0 : vmmio_byte_enable_mask(size),
        .addr = s->start + offset,
    };

    vmmio_encode(&p, block);
}

/*
 * One access through the range's handler. True when it was answered; the reply
 * is then in the block and *result says whether the handler reported an error.
 */
static bool access_handler(VmmioState *s, uint8_t block[VMMIO_BLOCK], MemTxResult *result)
{
    VmmioConn *conn = vmmio_endpoint_holder(s->endpoint, &s->range);
    struct vmmio_packet reply;
    VmmioOutcome outcome;

    if (!conn) {
        return false;
    }
    outcome = ask(s, conn, block);
    if (outcome != VMMIO_ANSWERED) {
        trace_vmmio_unanswered(s->range.name, outcome);
        return false;
    }
    vmmio_decode(block, &reply);
    *result = reply.error ? MEMTX_ERROR : MEMTX_OK;
    return true;
}

static MemTxResult vmmio_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size,
                              MemTxAttrs attrs)
{
    static const uint64_t unclaimed[4] = { VMMIO_FILL_WORD, VMMIO_FILL_WORD, VMMIO_FILL_WORD,
                                           VMMIO_FILL_WORD };
    VmmioState *s = opaque;
    MemTxResult result = MEMTX_OK;
    uint8_t block[VMMIO_BLOCK];
    uint64_t word = VMMIO_FILL_WORD;

    if (vmmio_range_is_held(&s->range) && may_wait()) {
        make_request(s, block, VMMIO_OP_READ, offset, size, attrs);
        vmmio_block_store_data(block, 3, unclaimed, sizeof(unclaimed));
        if (access_handler(s, block, &result)) {
            /* x86 ignores the error: it has to show in the data. */
            word = result == MEMTX_OK ? vmmio_block_load(block, 3) : UINT64_MAX;
        }
    }
    *data = low_bytes(word, size);
    trace_vmmio_read(s->range.name, s->start + offset, size, *data);
    return result;
}

static MemTxResult vmmio_write(void *opaque, hwaddr offset, uint64_t data, unsigned size,
                               MemTxAttrs attrs)
{
    VmmioState *s = opaque;
    MemTxResult result = MEMTX_OK;
    uint8_t block[VMMIO_BLOCK];

    trace_vmmio_write(s->range.name, s->start + offset, size, data);
    if (vmmio_range_is_held(&s->range) && may_wait()) {
        make_request(s, block, VMMIO_OP_WRITEA, offset, size, attrs);
        vmmio_block_store(block, 3, low_bytes(data, size));
        access_handler(s, block, &result);
    }
    return result;
}

/* The bytes behind the range's end are not the handler's to answer. */
static bool vmmio_accepts(void *opaque, hwaddr offset, unsigned size, bool is_write,
                          MemTxAttrs attrs)
{
    VmmioState *s = opaque;

    return size <= s->size - offset;
}

static const MemoryRegionOps vmmio_ops = {
    .read_with_attrs = vmmio_read,
    .write_with_attrs = vmmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true,
               .accepts = vmmio_accepts },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static void vmmio_irq_update(VmmioRange *range, uint64_t line, bool level)
{
    VmmioState *s = container_of(range, VmmioState, range);

    if (line >= MIN(s->n_irqs, VMMIO_IRQS_MAX)) {
        trace_vmmio_no_such_line(range->name, line);
        return;
    }
    trace_vmmio_irq(range->name, line, level);
    s->irq_level[line] = level;
    qemu_set_irq(s->irq[line], level);
}

static void vmmio_released(VmmioRange *range)
{
    VmmioState *s = container_of(range, VmmioState, range);

    for (unsigned i = 0; i < s->n_irqs; i++) {
        s->irq_level[i] = false;
        qemu_set_irq(s->irq[i], 0);
    }
}

/* Clients do not repeat a level, so the last one received holds across a reset. */
static void vmmio_reset_exit(Object *obj, ResetType type)
{
    VmmioState *s = VMMIO(obj);

    for (unsigned i = 0; i < s->n_irqs; i++) {
        qemu_set_irq(s->irq[i], s->irq_level[i]);
    }
}

static void vmmio_reset_hold(Object *obj, ResetType type)
{
    VmmioState *s = VMMIO(obj);
    struct vmmio_packet p = { .iface = s->range.index, .opcode = VMMIO_OP_RESET };
    uint8_t block[VMMIO_BLOCK];
    VmmioConn *conn = vmmio_endpoint_holder(s->endpoint, &s->range);

    if (conn) {
        vmmio_encode(&p, block);
        vmmio_conn_send(conn, block);
        vmmio_conn_unref(conn);
    }
}

static bool check_bounds(VmmioState *s, Error **errp)
{
    unsigned bits = vmmio_board_phys_bits();
    uint64_t last = s->start + s->size - 1;

    if (s->size == 0 || s->size % PAGE) {
        error_setg(errp, "vmmio: size=0x%" PRIx64 " is not a multiple of 0x1000 above 0", s->size);
        return false;
    }
    if (s->start % PAGE) {
        error_setg(errp, "vmmio: start=0x%" PRIx64 " is not a multiple of 0x1000", s->start);
        return false;
    }
    if (last < s->start || (bits < 64 && last >> bits)) {
        error_setg(errp, "vmmio: the range 0x%" PRIx64 " size 0x%" PRIx64
                   " is outside the machine's %u-bit physical address space",
                   s->start, s->size, bits);
        return false;
    }
    return true;
}

/* RAM and other vmmio ranges may not lie in the range; unmodelled devices may. */
static bool check_overlap(VmmioState *s, Error **errp)
{
    uint64_t at = s->start;
    uint64_t end = s->start + s->size;

    while (at < end) {
        MemoryRegionSection section = memory_region_find(get_system_memory(), at, end - at);
        bool ram, vmmio;

        if (!section.mr) {
            break;
        }
        ram = memory_region_is_ram(section.mr);
        vmmio = object_dynamic_cast(memory_region_owner(section.mr), TYPE_VMMIO) != NULL;
        at = section.offset_within_address_space + int128_get64(section.size);
        if (ram || vmmio) {
            error_setg(errp, "vmmio: the range 0x%" PRIx64 " size 0x%" PRIx64 " overlaps %s \"%s\"",
                       s->start, s->size, ram ? "RAM" : "the range",
                       memory_region_name(section.mr));
            memory_region_unref(section.mr);
            return false;
        }
        memory_region_unref(section.mr);
    }
    return true;
}

static bool join_endpoint(VmmioState *s, Error **errp)
{
    s->range.name = object_get_canonical_path(OBJECT(s));
    s->range.irq_update = vmmio_irq_update;
    s->range.released = vmmio_released;
    s->endpoint = vmmio_endpoint_get(s->listen, s->ping_ms, errp);
    return s->endpoint && vmmio_endpoint_add_range(s->endpoint, &s->range, errp);
}

static void map_range(VmmioState *s)
{
    g_autofree char *name = g_strdup_printf("vmmio@%" PRIx64, s->start);

    memory_region_init_io(&s->mmio, OBJECT(s), &vmmio_ops, s, name, s->size);
    /* The guard would fail a second vCPU's access while a first one waits. */
    s->mmio.disable_reentrancy_guard = true;
    sysbus_init_mmio(SYS_BUS_DEVICE(s), &s->mmio);
    sysbus_mmio_map_overlap(SYS_BUS_DEVICE(s), 0, s->start, MAP_PRIORITY);
}

typedef struct {
    void (*fn)(VmmioState *s, void *opaque);
    void *opaque;
} ForeachCall;

static int call_if_vmmio(Object *obj, void *opaque)
{
    ForeachCall *call = opaque;

    if (object_dynamic_cast(obj, TYPE_VMMIO) && DEVICE(obj)->realized) {
        call->fn(VMMIO(obj), call->opaque);
    }
    return 0;
}

void vmmio_foreach(void (*fn)(VmmioState *s, void *opaque), void *opaque)
{
    ForeachCall call = { fn, opaque };

    object_child_foreach_recursive(object_get_root(), call_if_vmmio, &call);
}

static void vmmio_realize(DeviceState *dev, Error **errp)
{
    VmmioState *s = VMMIO(dev);

    if (check_bounds(s, errp) && check_overlap(s, errp) && vmmio_irqs_connect(s, errp) &&
        join_endpoint(s, errp)) {
        map_range(s);
    }
}

static char *get_endpoint(Object *obj, Error **errp)
{
    VmmioState *s = VMMIO(obj);

    return g_strdup(s->endpoint ? vmmio_endpoint_address(s->endpoint) : "");
}

static bool get_handler_connected(Object *obj, Error **errp)
{
    return vmmio_range_is_held(&VMMIO(obj)->range);
}

static void vmmio_instance_init(Object *obj)
{
    VMMIO(obj)->listen = g_strdup(DEFAULT_LISTEN);
    object_property_add_uint64_ptr(obj, "claims", &VMMIO(obj)->range.claims, OBJ_PROP_FLAG_READ);
}

static const Property vmmio_properties[] = {
    DEFINE_PROP_SIZE("start", VmmioState, start, 0xfef00000),
    DEFINE_PROP_SIZE("size", VmmioState, size, PAGE),
    DEFINE_PROP_STRING("irq", VmmioState, irq_list),
    DEFINE_PROP_STRING("listen", VmmioState, listen),
    DEFINE_PROP_UINT32("timeout-ms", VmmioState, timeout_ms, 5000),
    DEFINE_PROP_UINT32("ping-ms", VmmioState, ping_ms, 5000),
};

/* The handler's state is outside: a saved VM would wake up beside one that has moved on. */
static const VMStateDescription vmmio_vmstate = {
    .name = TYPE_VMMIO,
    .unmigratable = 1,
};

static void vmmio_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    ResettableClass *rc = RESETTABLE_CLASS(oc);

    dc->desc = "range of memory answered by a program outside (vMMIO)";
    dc->realize = vmmio_realize;
    dc->hotpluggable = false;
    dc->vmsd = &vmmio_vmstate;
    rc->phases.hold = vmmio_reset_hold;
    rc->phases.exit = vmmio_reset_exit;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, vmmio_properties);
    object_class_property_add_str(oc, "endpoint", get_endpoint, NULL);
    object_class_property_add_bool(oc, "handler-connected", get_handler_connected, NULL);
}

static const TypeInfo vmmio_types[] = {
    {
        .name = TYPE_VMMIO,
        .parent = TYPE_DYNAMIC_SYS_BUS_DEVICE,
        .instance_size = sizeof(VmmioState),
        .instance_init = vmmio_instance_init,
        .class_init = vmmio_class_init,
    },
};
DEFINE_TYPES(vmmio_types)
