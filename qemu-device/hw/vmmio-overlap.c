/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "hw/misc/unimp.h"
#include "vmmio-irq-users.h"
#include "vmmio-overlap.h"

/* Call fn for everything in the range that answers accesses, until it returns false. */
static bool for_each_section(VmmioState *s, bool (*fn)(const MemoryRegionSection *, void *),
                             void *opaque)
{
    uint64_t at = s->start;
    uint64_t end = s->start + s->size;
    bool go_on = true;

    while (go_on && at < end) {
        MemoryRegionSection section = memory_region_find(get_system_memory(), at, end - at);

        if (!section.mr) {
            break;
        }
        go_on = fn(&section, opaque);
        at = section.offset_within_address_space + int128_get64(section.size);
        memory_region_unref(section.mr);
    }
    return go_on;
}

typedef struct {
    VmmioState *range;
    Error **errp;
} Check;

static bool may_be_hidden(const MemoryRegionSection *section, void *opaque)
{
    Check *check = opaque;
    bool ram = memory_region_is_ram(section->mr);

    if (!ram && !object_dynamic_cast(memory_region_owner(section->mr), TYPE_VMMIO)) {
        return true;
    }
    error_setg(check->errp, "vmmio: the range 0x%" PRIx64 " size 0x%" PRIx64 " overlaps %s \"%s\"",
               check->range->start, check->range->size, ram ? "RAM" : "the range",
               memory_region_name(section->mr));
    return false;
}

bool vmmio_overlap_check(VmmioState *s, Error **errp)
{
    Check check = { s, errp };

    return for_each_section(s, may_be_hidden, &check);
}

static char *section_name(const MemoryRegionSection *section)
{
    Object *owner = memory_region_owner(section->mr);

    return owner ? vmmio_irq_user_name(owner) : g_strdup(memory_region_name(section->mr));
}

static bool has_name(const GPtrArray *names, const char *name)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *)names, name, g_str_equal, NULL);
}

/* A device with several regions is one. */
static bool add_device(const MemoryRegionSection *section, void *opaque)
{
    GPtrArray *names = opaque;
    Object *owner = memory_region_owner(section->mr);
    g_autofree char *name = section_name(section);

    if (!object_dynamic_cast(owner, TYPE_UNIMPLEMENTED_DEVICE) &&
        !object_dynamic_cast(owner, TYPE_VMMIO) && !has_name(names, name)) {
        g_ptr_array_add(names, g_steal_pointer(&name));
    }
    return true;
}

GPtrArray *vmmio_overlap_devices(VmmioState *s)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for_each_section(s, add_device, names);
    return names;
}

void vmmio_overlap_warn(VmmioState *s, const GPtrArray *before)
{
    g_autoptr(GPtrArray) now = vmmio_overlap_devices(s);

    for (unsigned i = 0; i < before->len; i++) {
        const char *name = g_ptr_array_index(before, i);

        if (has_name(now, name)) {
            warn_report("vmmio: the range 0x%" PRIx64 " size 0x%" PRIx64 " lies under %s: "
                        "accesses there reach no handler", s->start, s->size, name);
        } else {
            warn_report("vmmio: the range 0x%" PRIx64 " size 0x%" PRIx64 " covers %s: "
                        "the guest cannot reach that there", s->start, s->size, name);
        }
    }
}
