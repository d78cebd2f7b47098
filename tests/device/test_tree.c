/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device tree that the guest finds in its RAM: ranges described, misfits disabled. */
#include "device.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TREE_BYTES_MAX (1024 * 1024)

/* From a line such as: addr=0000000008000000 size=0x00a8c0 mem=ram name="dtb" */
static void find_tree(struct qtest *vm, uint64_t *addr, unsigned *size)
{
    g_autofree char *roms = qmp_human(vm, "info roms");
    g_auto(GStrv) lines = g_strsplit(roms, "\n", -1);

    for (unsigned i = 0; lines[i]; i++) {
        if (strstr(lines[i], "name=\"dtb\"")) {
            ck_assert_int_eq(sscanf(lines[i], "addr=%" SCNx64 " size=%x", addr, size), 2);
            return;
        }
    }
    ck_abort_msg("no device tree was loaded: %s", roms);
}

/* The tree as the guest sees it. The caller frees it. */
static void *load_tree(struct qtest *vm)
{
    g_autofree char *hex = NULL;
    uint8_t *tree;
    unsigned size;
    uint64_t addr;

    find_tree(vm, &addr, &size);
    ck_assert_uint_le(size, TREE_BYTES_MAX);
    qtest_send(vm, "read 0x%" PRIx64 " 0x%x", addr, size);
    hex = qtest_answer(vm);
    ck_assert_uint_eq(strlen(hex), 2 + 2 * (size_t)size);
    tree = g_malloc(size);
    for (unsigned i = 0; i < size; i++) {
        tree[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 + 2 * i]) << 4 |
                            g_ascii_xdigit_value(hex[3 + 2 * i]));
    }
    ck_assert_int_eq(fdt_check_full(tree, size), 0);
    return tree;
}

/* The property's 32-bit cells must be these. */
static void check_cells(const void *tree, const char *path, const char *property,
                        const uint32_t *cells, int count)
{
    int len = -1;
    int node = fdt_path_offset(tree, path);
    const fdt32_t *got;

    ck_assert_msg(node >= 0, "the tree has no %s", path);
    got = fdt_getprop(tree, node, property, &len);
    ck_assert_msg(len == count * 4, "%s: %s has %d bytes", path, property, len);
    for (int i = 0; i < count; i++) {
        ck_assert_uint_eq(fdt32_to_cpu(got[i]), cells[i]);
    }
}

static void check_string(const void *tree, const char *path, const char *property,
                         const char *value)
{
    int len = -1;
    int node = fdt_path_offset(tree, path);
    const char *got;

    ck_assert_msg(node >= 0, "the tree has no %s", path);
    got = fdt_getprop(tree, node, property, &len);
    ck_assert_msg(got != NULL, "%s has no %s", path, property);
    ck_assert_str_eq(got, value);
}

static void check_enabled(const void *tree, const char *path)
{
    int node = fdt_path_offset(tree, path);

    ck_assert_msg(node >= 0, "the tree has no %s", path);
    ck_assert_msg(!fdt_getprop(tree, node, "status", NULL), "%s has a status", path);
}

START_TEST(virt_describes_ranges)
{
    g_autofree void *tree = NULL;
    struct qtest vm;

    qtest_start(&vm, "aarch64", DEVICE_VIRT " -accel qtest"
                " -device vmmio,listen=127.0.0.1:0,irq=80:81"
                " -device vmmio,listen=127.0.0.1:0,start=0x1fef01000,size=0x3000");
    qmp_open(&vm);
    tree = load_tree(&vm);
    check_string(tree, "/vmmio@fef00000", "compatible", "vmmio-bench,range");
    check_cells(tree, "/vmmio@fef00000", "reg", (const uint32_t[]){ 0, 0xfef00000, 0, 0x1000 }, 4);
    check_cells(tree, "/vmmio@fef00000", "interrupts", (const uint32_t[]){ 0, 80, 4, 0, 81, 4 }, 6);
    check_cells(tree, "/vmmio@fef00000", "vmmio,range", (const uint32_t[]){ 0 }, 1);
    check_cells(tree, "/vmmio@1fef01000", "reg", (const uint32_t[]){ 1, 0xfef01000, 0, 0x3000 }, 4);
    check_cells(tree, "/vmmio@1fef01000", "vmmio,range", (const uint32_t[]){ 1 }, 1);
    ck_assert_ptr_null(fdt_getprop(tree, fdt_path_offset(tree, "/vmmio@1fef01000"), "interrupts",
                                   NULL));
    qtest_stop(&vm);
}
END_TEST

/* A node below a parent, with the cells of its reg property. */
static void add_node(void *tree, const char *parent, const char *name, const uint32_t *reg,
                     int count)
{
    int node = fdt_add_subnode(tree, fdt_path_offset(tree, parent), name);

    ck_assert_int_ge(node, 0);
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(fdt_appendprop_u32(tree, node, "reg", reg[i]), 0);
    }
}

static void set_string(void *tree, const char *path, const char *property, const char *value)
{
    int node = fdt_path_offset(tree, path);

    ck_assert_int_eq(fdt_setprop_string(tree, node, property, value), 0);
}

static void set_cells(void *tree, const char *path, uint32_t address_cells, uint32_t size_cells)
{
    int node = fdt_path_offset(tree, path);

    ck_assert_int_eq(fdt_setprop_u32(tree, node, "#address-cells", address_cells), 0);
    ck_assert_int_eq(fdt_setprop_u32(tree, node, "#size-cells", size_cells), 0);
}

/*
 * The parts of Debian's bcm2711-rpi-4-b.dtb that matter here: addresses of /soc
 * from 0x7e000000 are 0xfe000000 for the CPU.
 */
static void make_pi_tree(void *tree)
{
    static const uint32_t ranges[] = { 0x7e000000, 0, 0xfe000000, 0x01800000 };

    ck_assert_int_eq(fdt_create_empty_tree(tree, TREE_BYTES_MAX), 0);
    set_cells(tree, "/", 2, 1);
    add_node(tree, "/", "soc", NULL, 0);
    set_cells(tree, "/soc", 1, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
        ck_assert_int_eq(fdt_appendprop_u32(tree, fdt_path_offset(tree, "/soc"), "ranges",
                                            ranges[i]), 0);
    }
    add_node(tree, "/soc", "serial@7e201000", (const uint32_t[]){ 0x7e201000, 0x200 }, 2);
    add_node(tree, "/soc/serial@7e201000", "bluetooth", NULL, 0);
    set_string(tree, "/soc/serial@7e201000/bluetooth", "compatible", "brcm,bcm43438-bt");
    add_node(tree, "/soc", "hdmi@7ef00700", (const uint32_t[]){ 0x7ef00700, 0x300 }, 2);
    set_string(tree, "/soc/hdmi@7ef00700", "status", "okay");
    add_node(tree, "/soc", "mailbox@7e00b880", (const uint32_t[]){ 0x7e00b880, 0x40 }, 2);
    add_node(tree, "/soc", "clock", NULL, 0);
}

static int file_of(const void *bytes, size_t len)
{
    int fd = memfd_create("pi", 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, bytes, len, 0), (ssize_t)len);
    return fd;
}

/* A Pi that is given the tree, and a kernel without which QEMU loads no tree. */
static void *start_pi(struct qtest *vm, const char *device)
{
    static const uint8_t kernel[] = { 0x00, 0x00, 0x00, 0x14 }; /* b . */
    g_autofree void *given = g_malloc(TREE_BYTES_MAX);
    int tree_fd, kernel_fd;

    make_pi_tree(given);
    ck_assert_int_eq(fdt_pack(given), 0);
    tree_fd = file_of(given, fdt_totalsize(given));
    kernel_fd = file_of(kernel, sizeof(kernel));
    qtest_start(vm, "aarch64", "-M raspi4b -accel qtest -kernel /proc/self/fd/%d"
                " -dtb /proc/self/fd/%d %s", kernel_fd, tree_fd, device);
    close(tree_fd);
    close(kernel_fd);
    qmp_open(vm);
    return load_tree(vm);
}

START_TEST(pi_is_fitted)
{
    g_autofree void *tree = NULL;
    struct qtest vm;

    tree = start_pi(&vm, "-device vmmio,listen=127.0.0.1:0,irq=80");
    check_cells(tree, "/vmmio@fef00000", "reg", (const uint32_t[]){ 0, 0xfef00000, 0x1000 }, 3);
    check_cells(tree, "/vmmio@fef00000", "interrupts", (const uint32_t[]){ 0, 80, 4 }, 3);
    check_string(tree, "/vmmio@fef00000", "compatible", "vmmio-bench,range");
    check_string(tree, "/soc/hdmi@7ef00700", "status", "disabled");
    ck_assert_int_eq(fdt_path_offset(tree, "/soc/serial@7e201000/bluetooth"), -FDT_ERR_NOTFOUND);
    check_enabled(tree, "/soc/serial@7e201000");
    check_enabled(tree, "/soc/mailbox@7e00b880");
    check_enabled(tree, "/soc/clock");
    qtest_stop(&vm);
}
END_TEST

/* What has a model is disabled too when a range covers it. */
START_TEST(pi_range_over_a_device)
{
    g_autofree void *tree = NULL;
    struct qtest vm;

    tree = start_pi(&vm, "-device vmmio,listen=127.0.0.1:0,start=0xfe00b000");
    check_string(tree, "/soc/mailbox@7e00b880", "status", "disabled");
    check_enabled(tree, "/soc/serial@7e201000");
    check_cells(tree, "/vmmio@fe00b000", "reg", (const uint32_t[]){ 0, 0xfe00b000, 0x1000 }, 3);
    ck_assert_int_eq(fdt_path_offset(tree, "/vmmio@fef00000"), -FDT_ERR_NOTFOUND);
    qtest_stop(&vm);
}
END_TEST

/* The board needs no range to be fitted. */
START_TEST(pi_without_a_range)
{
    g_autofree void *tree = NULL;
    struct qtest vm;

    tree = start_pi(&vm, "");
    check_string(tree, "/soc/hdmi@7ef00700", "status", "disabled");
    check_enabled(tree, "/soc/mailbox@7e00b880");
    ck_assert_int_eq(fdt_path_offset(tree, "/soc/serial@7e201000/bluetooth"), -FDT_ERR_NOTFOUND);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("tree", virt_describes_ranges, pi_is_fitted, pi_range_over_a_device,
                      pi_without_a_range);
}
