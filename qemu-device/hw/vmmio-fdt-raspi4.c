/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "hw/misc/unimp.h"
#include "system/device_tree.h"
#include "vmmio.h"
#include "vmmio-fdt.h"
#include "trace.h"
#include <libfdt.h>

/* How addresses of a bus's children become those of the CPU. */
typedef struct Bus {
    const fdt32_t *ranges; /* no cells: child addresses are the CPU's */
    int n_cells;           /* in ranges */
    int child_cells;       /* #address-cells of the bus */
    int parent_cells;      /* of its parent */
    int size_cells;        /* #size-cells of the bus */
} Bus;

static uint64_t read_cells(const fdt32_t *cells, int n)
{
    uint64_t value = 0;

    for (int i = 0; i < n; i++) {
        value = value << 32 | fdt32_to_cpu(cells[i]);
    }
    return value;
}

static bool translate(const Bus *bus, uint64_t addr, uint64_t *cpu_addr)
{
    int step = bus->child_cells + bus->parent_cells + bus->size_cells;

    if (bus->n_cells == 0) {
        *cpu_addr = addr;
        return true;
    }
    for (int i = 0; i + step <= bus->n_cells; i += step) {
        uint64_t child = read_cells(bus->ranges + i, bus->child_cells);
        uint64_t parent = read_cells(bus->ranges + i + bus->child_cells, bus->parent_cells);
        uint64_t size = read_cells(bus->ranges + i + bus->child_cells + bus->parent_cells,
                                   bus->size_cells);

        if (addr >= child && addr - child < size) {
            *cpu_addr = parent + (addr - child);
            return true;
        }
    }
    return false;
}

/* Does a device model, RAM or ROM answer at this address? */
static bool is_backed(uint64_t addr)
{
    MemoryRegionSection section = memory_region_find(get_system_memory(), addr, 1);
    Object *owner;
    bool backed;

    if (!section.mr) {
        return false;
    }
    owner = memory_region_owner(section.mr);
    backed = !owner || !(object_dynamic_cast(owner, TYPE_UNIMPLEMENTED_DEVICE) ||
                         object_dynamic_cast(owner, TYPE_VMMIO));
    memory_region_unref(section.mr);
    return backed;
}

typedef struct {
    uint64_t first, last;
    bool found;
} Overlap;

static void check_range(VmmioState *s, void *opaque)
{
    Overlap *o = opaque;

    o->found |= s->start <= o->last && o->first <= s->start + s->size - 1;
}

static bool overlaps_range(uint64_t addr, uint64_t size)
{
    Overlap o = { .first = addr, .last = addr + MAX(size, 1) - 1 };

    vmmio_foreach(check_range, &o);
    return o.found;
}

/* The first register block decides whether there is a model; all may overlap. */
static bool fits_model(const void *fdt, int node, const Bus *bus)
{
    int len;
    const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);
    int step = bus->child_cells + bus->size_cells;

    for (int i = 0; reg && (i + step) * (int)sizeof(*reg) <= len; i += step) {
        uint64_t addr = read_cells(reg + i, bus->child_cells);
        uint64_t size = read_cells(reg + i + bus->child_cells, bus->size_cells);

        if (!translate(bus, addr, &addr)) {
            continue;
        }
        if ((i == 0 && !is_backed(addr)) || overlaps_range(addr, size)) {
            return false;
        }
    }
    return true;
}

/* Collect the paths of the children of a bus that do not fit the model. */
static void collect_misfits(const void *fdt, int bus_node, const Bus *bus, GPtrArray *paths)
{
    int node;

    fdt_for_each_subnode(node, fdt, bus_node) {
        char path[256];

        if (!fits_model(fdt, node, bus) && fdt_get_path(fdt, node, path, sizeof(path)) == 0) {
            g_ptr_array_add(paths, g_strdup(path));
        }
    }
}

/* Addresses and sizes of one or two cells, as on every real tree. */
static bool has_sane_cells(const Bus *bus)
{
    return bus->parent_cells >= 1 && bus->parent_cells <= 2 && bus->child_cells >= 1 &&
           bus->child_cells <= 2 && bus->size_cells >= 1 && bus->size_cells <= 2;
}

/* Every bus on this board hangs off the root. */
static GPtrArray *find_misfits(const void *fdt)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    int node;

    fdt_for_each_subnode(node, fdt, 0) {
        Bus bus = { .parent_cells = fdt_address_cells(fdt, 0),
                    .child_cells = fdt_address_cells(fdt, node),
                    .size_cells = fdt_size_cells(fdt, node) };
        int len;

        bus.ranges = fdt_getprop(fdt, node, "ranges", &len);
        if (bus.ranges && has_sane_cells(&bus)) {
            bus.n_cells = len / sizeof(fdt32_t);
            collect_misfits(fdt, node, &bus, paths);
        }
    }
    return paths;
}

static void drop_bluetooth(void *fdt)
{
    int node = fdt_node_offset_by_compatible(fdt, -1, "brcm,bcm43438-bt");

    if (node >= 0) {
        fdt_nop_node(fdt, node);
    }
}

void vmmio_fdt_fit_raspi4(void *fdt)
{
    g_autoptr(GPtrArray) paths = find_misfits(fdt);

    for (unsigned i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);

        trace_vmmio_fdt_disabled(path);
        qemu_fdt_setprop_string(fdt, path, "status", "disabled");
    }
    drop_bluetooth(fdt);
}
