/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "system/device_tree.h"
#include "vmmio.h"
#include "vmmio-fdt.h"

#define GIC_SPI 0
#define IRQ_TYPE_LEVEL_HIGH 4
#define CELLS_PER_SPI 3

static void set_interrupts(void *fdt, const char *node, const VmmioState *s)
{
    uint32_t cells[VMMIO_SYSTEM_IRQS_MAX * CELLS_PER_SPI];

    if (s->n_irqs == 0) {
        return;
    }
    for (unsigned i = 0; i < s->n_irqs; i++) {
        cells[i * CELLS_PER_SPI] = cpu_to_be32(GIC_SPI);
        cells[i * CELLS_PER_SPI + 1] = cpu_to_be32(s->irq_number[i]);
        cells[i * CELLS_PER_SPI + 2] = cpu_to_be32(IRQ_TYPE_LEVEL_HIGH);
    }
    qemu_fdt_setprop(fdt, node, "interrupts", cells,
                     s->n_irqs * CELLS_PER_SPI * sizeof(cells[0]));
}

static void add_node(VmmioState *s, void *fdt)
{
    g_autofree char *node = g_strdup_printf("/vmmio@%" PRIx64, s->start);
    uint32_t addr_cells = qemu_fdt_getprop_cell(fdt, "/", "#address-cells", NULL, &error_fatal);
    uint32_t size_cells = qemu_fdt_getprop_cell(fdt, "/", "#size-cells", NULL, &error_fatal);

    qemu_fdt_add_subnode(fdt, node);
    qemu_fdt_setprop_string(fdt, node, "compatible", "vmmio-bench,range");
    qemu_fdt_setprop_sized_cells(fdt, node, "reg", addr_cells, s->start, size_cells, s->size);
    qemu_fdt_setprop_cell(fdt, node, "vmmio,range", s->range.index);
    set_interrupts(fdt, node, s);
}

void vmmio_fdt_add_nodes(void *fdt)
{
    vmmio_foreach(add_node, fdt);
}
