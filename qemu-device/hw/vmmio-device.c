/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/qapi-visit-vmmio.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/resettable.h"
#include "migration/vmstate.h"
#include "vmmio.h"
#include "vmmio-board.h"
#include "vmmio-events.h"
#include "vmmio-irq.h"
#include "vmmio-overlap.h"
#include "vmmio-vcpu.h"
#include "trace.h"

#define PAGE (4 * KiB)

#define DEFAULT_LISTEN "127.0.0.1:4300"
#define DEFAULT_POLICY "fill"

/* Descriptors are not without end. */
#define MAX_CONNECTIONS_LIMIT 1024
#define POLL_US_LIMIT 1000

/* Above the Raspberry Pi's peripheral window, which the board maps at 1. */
#define MAP_PRIORITY 10

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

static void lower_lines(VmmioState *s)
{
    for (unsigned i = 0; i < s->n_irqs; i++) {
        s->irq_level[i] = false;
        qemu_set_irq(s->irq[i], 0);
    }
}

static void vmmio_claimed(VmmioRange *range, const char *peer)
{
    vmmio_event_claimed(container_of(range, VmmioState, range), peer);
}

static void vmmio_released(VmmioRange *range, const char *peer)
{
    VmmioState *s = container_of(range, VmmioState, range);

    lower_lines(s);
    vmmio_event_released(s, peer);
}

/* Clients do not repeat a level: the last one received holds, all low without a holder. */
static void drive_lines(VmmioState *s)
{
    for (unsigned i = 0; i < s->n_irqs; i++) {
        qemu_set_irq(s->irq[i], s->irq_level[i]);
    }
}

static void vmmio_reset_exit(Object *obj, ResetType type)
{
    drive_lines(VMMIO(obj));
}

static void vmmio_reset_hold(Object *obj, ResetType type)
{
    VmmioState *s = VMMIO(obj);
    struct vmmio_packet p = { .iface = s->range.index, .opcode = VMMIO_OP_RESET };
    uint8_t block[VMMIO_BLOCK];
    VmmioConn *conn = vmmio_endpoint_holder(s->endpoint, &s->range);

    vmmio_vcpu_forget_parked(s);
    if (conn) {
        vmmio_encode(&p, block);
        vmmio_conn_send(conn, block);
        vmmio_conn_unref(conn);
    }
}

static bool parse_policies(VmmioState *s, Error **errp)
{
    return vmmio_policy_parse("on-timeout", s->on_timeout_text, &s->on_timeout, errp) &&
           vmmio_policy_parse("on-disconnect", s->on_disconnect_text, &s->on_disconnect, errp);
}

static bool check_poll(VmmioState *s, Error **errp)
{
    if (s->poll_us > POLL_US_LIMIT) {
        error_setg(errp, "vmmio: poll-us=%u is not from 0 to %u", s->poll_us, POLL_US_LIMIT);
        return false;
    }
    return true;
}

static bool check_max_connections(VmmioState *s, Error **errp)
{
    if (s->max_connections < 1 || s->max_connections > MAX_CONNECTIONS_LIMIT) {
        error_setg(errp, "vmmio: max-connections=%u is not from 1 to %u", s->max_connections,
                   MAX_CONNECTIONS_LIMIT);
        return false;
    }
    return true;
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

static bool join_endpoint(VmmioState *s, Error **errp)
{
    VmmioEndpointConfig config = {
        .listen = s->listen,
        .tls_creds = s->tls_creds,
        .tls_authz = s->tls_authz,
        .dma_ranges = s->dma_ranges,
        .ping_ms = s->ping_ms,
        .max_connections = s->max_connections,
    };

    s->range.name = object_get_canonical_path(OBJECT(s));
    s->range.irq_update = vmmio_irq_update;
    s->range.claimed = vmmio_claimed;
    s->range.released = vmmio_released;
    s->endpoint = vmmio_endpoint_get(&config, errp);
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

    if (parse_policies(s, errp) && check_bounds(s, errp) && vmmio_overlap_check(s, errp) &&
        check_max_connections(s, errp) && check_poll(s, errp) && vmmio_irqs_connect(s, errp) &&
        join_endpoint(s, errp)) {
        g_autoptr(GPtrArray) there = vmmio_overlap_devices(s);

        map_range(s);
        vmmio_overlap_warn(s, there);
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

/* NULL when no access waits. */
static VmmioWaiting *query_waiting(const VmmioState *s)
{
    const VmmioVcpu *vcpu = vmmio_vcpu_waiting(s);
    VmmioWaiting *waiting;

    if (!vcpu) {
        return NULL;
    }
    waiting = g_new0(VmmioWaiting, 1);
    waiting->address = vcpu->op.addr;
    waiting->size = vcpu->op.size;
    waiting->write = vcpu->op.is_write;
    waiting->ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL_RT) - vcpu->progress.started_ns;
    return waiting;
}

static void get_stats(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
    VmmioState *s = VMMIO(obj);
    VmmioLinkStats link = s->endpoint ? vmmio_endpoint_stats(s->endpoint)
                                      : (VmmioLinkStats){ 0 };
    g_autoptr(VmmioStats) stats = vmmio_stats_query(&s->stats, &link,
                                                    vmmio_range_is_held(&s->range),
                                                    qatomic_read(&s->range.claims));

    stats->waiting = query_waiting(s);
    visit_type_VmmioStats(v, name, &stats, errp);
}

static void vmmio_instance_init(Object *obj)
{
    VmmioState *s = VMMIO(obj);

    object_property_add_uint64_ptr(obj, "claims", &s->range.claims, OBJ_PROP_FLAG_READ);
    object_property_set_description(obj, "claims", "claims accepted since start (read-only)");
}

static const Property vmmio_properties[] = {
    DEFINE_PROP_SIZE("start", VmmioState, start, 0xfef00000),
    DEFINE_PROP_SIZE("size", VmmioState, size, PAGE),
    DEFINE_PROP_STRING("irq", VmmioState, irq_list),
    DEFINE_PROP_STRING("listen", VmmioState, listen),
    DEFINE_PROP_STRING("tls-creds", VmmioState, tls_creds),
    DEFINE_PROP_STRING("tls-authz", VmmioState, tls_authz),
    DEFINE_PROP_STRING("dma-ranges", VmmioState, dma_ranges),
    DEFINE_PROP_UINT32("max-connections", VmmioState, max_connections, 16),
    DEFINE_PROP_UINT32("timeout-ms", VmmioState, timeout_ms, 5000),
    DEFINE_PROP_STRING("on-timeout", VmmioState, on_timeout_text),
    DEFINE_PROP_STRING("on-disconnect", VmmioState, on_disconnect_text),
    DEFINE_PROP_BOOL("posted-writes", VmmioState, posted_writes, false),
    DEFINE_PROP_UINT32("poll-us", VmmioState, poll_us, 50),
    DEFINE_PROP_UINT32("ping-ms", VmmioState, ping_ms, 5000),
};

/* What `-device vmmio,help` says of them; vmmio.h has the whole contract. */
static const struct {
    const char *property;
    const char *text;
} descriptions[] = {
    { "start", "guest-physical address of the range, a multiple of 0x1000" },
    { "size", "bytes of the range, a multiple of 0x1000" },
    { "irq", "interrupt numbers of the lines 0, 1, ...: 80 or 177:178:..." },
    { "listen", "HOST:PORT, [v6]:PORT or unix:PATH that handlers connect to" },
    { "tls-creds", "id of a tls-creds object with endpoint=server" },
    { "tls-authz", "id of an authz object that clients' names must pass" },
    { "dma-ranges", "START-END[:START-END...] that DMA is limited to, or none" },
    { "max-connections", "clients at a time on the endpoint, 1-1024" },
    { "timeout-ms", "how long an access may wait for its reply, 0 = for ever" },
    { "on-timeout", "fill, error or wait: what then becomes of it" },
    { "on-disconnect", "fill, error or wait: the same when its handler goes away" },
    { "posted-writes", "writes do not wait for a reply" },
    { "poll-us", "how long a vCPU looks for a reply before it sleeps" },
    { "ping-ms", "silence after which a handler is sent a PING, 0 = never" },
    { "endpoint", "address really bound (read-only)" },
    { "handler-connected", "a claim is in effect (read-only)" },
    { "stats", "counters and latencies (read-only)" },
};

static void describe_properties(ObjectClass *oc)
{
    for (int i = 0; i < ARRAY_SIZE(descriptions); i++) {
        object_class_property_set_description(oc, descriptions[i].property, descriptions[i].text);
    }
}

/* DEFINE_PROP_STRING has no default; given like this, `help` shows it. */
static void set_default_texts(ObjectClass *oc)
{
    object_property_set_default_str(object_class_property_find(oc, "listen"), DEFAULT_LISTEN);
    object_property_set_default_str(object_class_property_find(oc, "on-timeout"), DEFAULT_POLICY);
    object_property_set_default_str(object_class_property_find(oc, "on-disconnect"),
                                    DEFAULT_POLICY);
}

/* An access under way belongs to the state that is replaced. */
static int vmmio_pre_load(void *opaque)
{
    vmmio_vcpu_forget_parked(opaque);
    return 0;
}

/* The interrupt controller, which was loaded before, may have other levels. */
static int vmmio_post_load(void *opaque, int version_id)
{
    drive_lines(opaque);
    return 0;
}

static const VMStateDescription vmmio_vmstate = {
    .name = TYPE_VMMIO,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = vmmio_pre_load,
    .post_load = vmmio_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64_EQUAL(start, VmmioState, "the vmmio device begins elsewhere"),
        VMSTATE_UINT64_EQUAL(size, VmmioState, "the vmmio device has another size"),
        VMSTATE_END_OF_LIST()
    },
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
    object_class_property_add(oc, "stats", "VmmioStats", get_stats, NULL, NULL, NULL);
    describe_properties(oc);
    set_default_texts(oc);
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
