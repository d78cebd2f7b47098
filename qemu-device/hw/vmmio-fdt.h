/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device-tree work for boards that describe vMMIO ranges to the guest. Both
 * functions are for a board's machine-done notifier: every -device exists then.
 * fdt is a tree with room to grow, as load_device_tree() makes it.
 */
#ifndef HW_MISC_VMMIO_FDT_H
#define HW_MISC_VMMIO_FDT_H

/*
 * Add a node /vmmio@START for each range:
 *   compatible = "vmmio-bench,range"; reg = <start size>;
 *   interrupts = <0 SPI 4 ...>;  (if the range has IRQs)
 *   vmmio,range = <number on its endpoint>;
 * Cell sizes are those of the root node; the root's interrupt-parent is the GIC.
 */
void vmmio_fdt_add_nodes(void *fdt);

/*
 * Make a Raspberry Pi 4 tree fit what QEMU models, so that an unmodified tree
 * boots: disable each node whose registers no model backs or that overlaps a
 * vMMIO range, and drop the Bluetooth node that keeps the PL011 from user space.
 */
void vmmio_fdt_fit_raspi4(void *fdt);

#endif
